/*
 * OpenSSL's libcrypto as a peer: does one operation so many times and prints the microseconds of CPU
 * that it took, what it loads beforehand left out. Certificates and CRLs are DER files.
 *
 *   openssl-peer cold|known ROOT INTERMEDIATE LEAF ROOT_CRL CRL UNIX_TIME TIMES
 *   openssl-peer load CRL TIMES       read a list and sort it (which its first look-up does)
 *   openssl-peer lookup CRL TIMES     look up serials of a list that is sorted
 */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  unsigned char *octets;
  long length;
} Der;

static void fail(const char *what) {
  fprintf(stderr, "openssl-peer: %s\n", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

static Der read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail(path);
  fseek(file, 0, SEEK_END);
  Der der = {NULL, ftell(file)};
  rewind(file);
  der.octets = malloc(der.length);
  if (der.octets == NULL || fread(der.octets, 1, der.length, file) != (size_t)der.length) fail(path);
  fclose(file);
  return der;
}

static X509 *certificate_of(Der der) {
  const unsigned char *at = der.octets;
  X509 *certificate = d2i_X509(NULL, &at, der.length);
  if (certificate == NULL) fail("d2i_X509");
  return certificate;
}

static X509_CRL *crl_of(Der der) {
  const unsigned char *at = der.octets;
  X509_CRL *crl = d2i_X509_CRL(NULL, &at, der.length);
  if (crl == NULL) fail("d2i_X509_CRL");
  return crl;
}

static double cpu_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static X509_STORE *store_of(char **files, time_t at) {
  X509_STORE *store = X509_STORE_new();
  X509_STORE_add_cert(store, certificate_of(read_file(files[0])));
  X509_STORE_add_crl(store, crl_of(read_file(files[3])));
  X509_STORE_add_crl(store, crl_of(read_file(files[4])));
  X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
  X509_VERIFY_PARAM_set_time(param, at);
  X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT);
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return store;
}

static void verify_once(X509_STORE *store, X509 *intermediate, Der leaf_der) {
  X509 *leaf = certificate_of(leaf_der);
  STACK_OF(X509) *untrusted = sk_X509_new_null();
  sk_X509_push(untrusted, intermediate);
  X509_STORE_CTX *context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, leaf, untrusted);
  if (X509_verify_cert(context) != 1) {
    fail(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
  }
  X509_STORE_CTX_free(context);
  sk_X509_free(untrusted);
  X509_free(leaf);
}

static double verify_times(char **files, time_t at, long times, int is_cold) {
  X509_STORE *store = store_of(files, at);
  Der intermediate_der = read_file(files[1]);
  Der leaf = read_file(files[2]);
  X509 *known = certificate_of(intermediate_der);
  double before = cpu_us();
  for (long done = 0; done < times; done += 1) {
    X509 *intermediate = is_cold ? certificate_of(intermediate_der) : known;
    verify_once(store, intermediate, leaf);
    if (is_cold) X509_free(intermediate);
  }
  return cpu_us() - before;
}

static void look_up(X509_CRL *crl, long nth) {
  STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);
  X509_REVOKED *wanted = sk_X509_REVOKED_value(entries, (nth * 7919) % sk_X509_REVOKED_num(entries));
  X509_REVOKED *found = NULL;
  ASN1_INTEGER *serial = (ASN1_INTEGER *)X509_REVOKED_get0_serialNumber(wanted);
  if (X509_CRL_get0_by_serial(crl, &found, serial) != 1) fail("a serial of the list was not found");
}

static double load_times(Der der, long times) {
  double before = cpu_us();
  for (long done = 0; done < times; done += 1) {
    X509_CRL *crl = crl_of(der);
    look_up(crl, done);
    X509_CRL_free(crl);
  }
  return cpu_us() - before;
}

static double look_up_times(Der der, long times) {
  X509_CRL *crl = crl_of(der);
  look_up(crl, 0);
  double before = cpu_us();
  for (long done = 1; done <= times; done += 1) look_up(crl, done);
  return cpu_us() - before;
}

int main(int count, char **words) {
  const char *what = count > 1 ? words[1] : "";
  if (count == 9 && (strcmp(what, "cold") == 0 || strcmp(what, "known") == 0)) {
    int is_cold = strcmp(what, "cold") == 0;
    printf("%.0f\n", verify_times(words + 2, atol(words[7]), atol(words[8]), is_cold));
  } else if (count == 4 && strcmp(what, "load") == 0) {
    printf("%.0f\n", load_times(read_file(words[2]), atol(words[3])));
  } else if (count == 4 && strcmp(what, "lookup") == 0) {
    printf("%.0f\n", look_up_times(read_file(words[2]), atol(words[3])));
  } else {
    fail("expected cold, known, load or lookup with its files");
  }
  return 0;
}
