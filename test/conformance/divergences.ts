import type { Verdict } from './paths.ts'

/** A verdict of ours that differs from a suite's, and why it is right, or right for this core. */
export interface Divergence {
  readonly ours: Verdict
  readonly why: string
  /** Of an acceptance in the strict tier: the verdict under the profile `conforming`, where it is not a refusal. */
  readonly underConforming?: Verdict
}

/** Differences of one kind, which one reason explains. */
interface Group extends Divergence {
  readonly ids: readonly string[]
}

const conforming =
  'the profile `conforming` asks for it, `rfc5280` does not, since core cases and CAs in the field break it'

const groups: readonly Group[] = [
  {
    ours: 'accept',
    why: `RFC 5280 4.2.1.1: a key identifier of the issuer is a MUST for CAs, and no step of section 6.1 reads it: ${conforming}`,
    ids: [
      'limbo-client/rfc5280::aki::cross-signed-root-missing-aki',
      'limbo-client/rfc5280::aki::intermediate-missing-aki',
      'limbo-client/rfc5280::aki::leaf-missing-aki',
    ],
  },
  {
    ours: 'accept',
    why: `RFC 5280 4.2.1.2: a key identifier of the subject is a MUST for CAs, and no step of section 6.1 reads it: ${conforming}`,
    ids: [
      'limbo-client/rfc5280::ski::intermediate-missing-ski',
      'limbo-client/rfc5280::ski::root-missing-ski',
    ],
  },
  {
    ours: 'accept',
    why: `RFC 5280 4.2.1.9, 4.2.1.10, 4.2.1.11: to be marked critical is a MUST for CAs, and changes nothing where the extension is processed: ${conforming}`,
    ids: [
      'limbo-client/rfc5280::nc::permitted-dns-match-noncritical',
      'limbo-client/rfc5280::pc::ica-noncritical-pc',
      'limbo-client/rfc5280::root-non-critical-basic-constraints',
    ],
  },
  {
    ours: 'accept',
    why: `RFC 5280 4.2.1.9: a path length without cA, which openssl-verify/089 has accepted in the same chain: ${conforming}`,
    ids: ['openssl-verify/090'],
  },
  {
    ours: 'accept',
    why: `RFC 5280 5.2.3: a CRL number is a MUST for CRL issuers, and no step of section 6.3 reads it of a complete CRL: ${conforming}`,
    ids: ['limbo-client/crl::crlnumber-missing'],
  },
  {
    ours: 'accept',
    why: "RFC 5280 6.3.3, its end: a complete CRL of the certificate's own issuer answers though no distribution point of the certificate names it",
    ids: ['bssl-crl/bad_crldp_has_crlissuer'],
  },
  {
    ours: 'accept',
    why: "the question is the one that the case's twin without STRICT has accepted: its format has no word for a purpose that must be named (RFC 5280 4.2.1.12 asks it of nobody)",
    ids: [
      'bssl-chain/intermediate-eku-any-and-clientauth/serverauth-strict',
      'bssl-chain/target-eku-clientauth/clientauth-strict',
      'bssl-chain/target-eku-many/clientauth-strict',
      'bssl-chain/target-eku-many/clientauth-strict-leaf',
      'bssl-chain/target-eku-many/serverauth-strict',
      'bssl-chain/target-eku-many/serverauth-strict-leaf',
      'bssl-chain/target-eku-none/clientauth-strict',
      'bssl-chain/target-eku-none/clientauth-strict-leaf',
      'bssl-chain/target-eku-none/serverauth-strict',
      'bssl-chain/target-has-ca-basic-constraints/strict',
    ],
  },
  {
    ours: 'accept',
    why: 'the case asks for RSA of 1024 bits in its format, for 3072 (`-auth_level 3`) in its notes alone',
    ids: ['openssl-verify/118'],
  },
  {
    ours: 'reject',
    why: 'SHA-1, where the case itself says allowSha1: false',
    ids: [
      'bssl-chain/intermediate-eku-server-gated-crypto/sha1-eku-any',
      'bssl-chain/issuer-and-subject-not-byte-for-byte-equal/anchor',
      'bssl-chain/issuer-and-subject-not-byte-for-byte-equal/target',
    ],
  },
  {
    ours: 'reject',
    why: 'RSA of 768 bits, where the case itself says minRsaBits: 1024',
    ids: ['openssl-verify/119', 'openssl-verify/121', 'openssl-verify/123'],
  },
  {
    ours: 'reject',
    why: 'MD5, SHA-3, RSASSA-PSS with SHA-1 and DSA are in no set of algorithms; WebCrypto has none of the first two and the last',
    ids: [
      'openssl-verify/127',
      'openssl-verify/129',
      'openssl-verify/134',
      'openssl-verify/135',
      'openssl-verify/136',
      'openssl-verify/137',
      'openssl-verify/161',
      'pkits/4.1.4',
      'pkits/4.1.5',
    ],
  },
  {
    ours: 'reject',
    why: 'RFC 5280 4.2.1.12: whoever requires a purpose MAY refuse anyExtendedKeyUsage in its place, as OpenSSL and ALB do; `purpose.anyExtendedKeyUsage` is the word to take it',
    ids: [
      'bssl-chain/target-eku-any/any',
      'bssl-chain/target-eku-any/clientauth',
      'bssl-chain/target-eku-any/serverauth',
    ],
  },
  {
    ours: 'reject',
    why: 'RFC 8446 4.4.2.2: a key whose usage is restricted signs a handshake only with digitalSignature; a CA as a leaf is taken where its key may sign',
    ids: [
      'bssl-chain/target-not-end-entity/main',
      'bssl-chain/target-serverauth-various-keyusages/ec-decipherOnly',
      'bssl-chain/target-serverauth-various-keyusages/rsa-decipherOnly',
      'limbo-client/pathlen::validation-ignores-pathlen-in-leaf',
      'limbo-client/rfc5280::ca-as-leaf',
    ],
  },
  {
    ours: 'reject',
    why: 'RFC 5280 4.2: a critical extension that is not processed refuses; the suite takes one of a vendor where another stands beside it',
    ids: ['bssl-chain/target-msapplicationpolicies-and-eku/main'],
  },
  {
    ours: 'reject',
    why: 'RFC 5280 4.2.1.3: keyCertSign without cA, which limbo (rfc5280::leaf-ku-keycertsign) has refused',
    ids: ['bssl-chain/target-has-keycertsign-but-not-ca/main'],
  },
  {
    ours: 'reject',
    why: 'RFC 5280 4.2.1.9: an anchor whose constraints bind says that it is a CA; limbo (rfc5280::root-missing-basic-constraints) has it refused. `tolerant` takes it',
    ids: ['bssl-chain/root-lacks-basic-constraints/ta-with-constraints'],
  },
  {
    ours: 'reject',
    why: 'X.690 11.5: a default (critical FALSE) is not encoded in DER',
    ids: ['openssl-verify/176'],
  },
  {
    ours: 'reject',
    why: "RFC 5280 6.3.3 (b)(2)(i): the CRL names a distribution point, and the certificate none; its issuer's name, which then stands for one, is not that point's",
    ids: ['webpki-crl/ee_no_dp_crl_idp'],
  },
  {
    ours: 'reject',
    why: 'RFC 5280 5.1.2.5: nextUpdate is a MUST; without it nobody could tell a stale list',
    ids: ['bssl-crl/good_fake_extension_no_nextupdate', 'bssl-crl/good_no_nextupdate'],
  },
  {
    ours: 'reject',
    why: 'RFC 5280 5.1.2.1: a CRL of version 1 has no extensions, and so neither number nor scope',
    ids: ['bssl-crl/good_no_version'],
  },
  {
    ours: 'accept',
    why: "RFC 5280 4.2.1.9: a path length is an INTEGER (0..MAX); 255 is a bound of the suite's own parser",
    ids: ['bssl-parse/basic_constraints_pathlen_256'],
  },
  {
    ours: 'accept',
    why: 'RFC 5280 5.2.1 and 5.2.3 are MUSTs on CRL issuers that bare tools break; the profile `conforming` lets no such list clear anybody',
    ids: ['webpki-crlparse/parse_missing_exts_crl'],
  },
  {
    ours: 'accept',
    why: 'RFC 5280 5.2.4: delta CRLs are supported here, and not there',
    ids: ['webpki-crlparse/parse_delta_crl'],
  },
  {
    ours: 'accept',
    why: 'RFC 5280 5.2: a CRL with a critical extension that is not processed is read, so that it can be named, and answers for nothing',
    ids: ['webpki-crlparse/parse_unknown_crit_ext_crl'],
  },
  {
    ours: 'reject',
    why: 'the suite reads a frame alone: what is in it is no certificate (RFC 5280 4.1), or no extension (4.2)',
    ids: [
      'bssl-parse/cert_skeleton',
      'bssl-parse/tbs_v3_all_optionals',
      'bssl-parse/tbs_v3_extensions',
    ],
  },
  {
    ours: 'reject',
    why: 'RFC 5280 4.1.1.2: both copies of the algorithm are the same; there a later step says so',
    ids: ['bssl-parse/failed_signature_algorithm'],
  },
  {
    ours: 'reject',
    why: 'RFC 5280 4.1.2.2: serial numbers have at most 20 octets',
    ids: ['bssl-parse/serial_37_bytes'],
  },
  {
    ours: 'reject',
    why: 'X.680 41.4: a PrintableString has characters of its own, and UTF-8 beyond ASCII is none; the suite reads it of client certificates, and so lets two names look alike',
    ids: ['bssl-parse/subject_printable_string_containing_utf8_client_cert'],
  },
]

/**
 * Every verdict that differs on purpose, by id, in every tier and on encodings. An entry whose case
 * comes out as the suite has it is stale, and fails the run.
 */
export const divergences: Readonly<Record<string, Divergence>> = Object.fromEntries(
  groups.flatMap(({ ids, ...divergence }) => ids.map((id) => [id, divergence])),
)
