/**
 * Published keys, whose private half everybody has, by the SHA-256 of their SubjectPublicKeyInfo in
 * lower-case hexadecimal: where they are printed. They end up in devices by way of sample code.
 */
export const knownKeys: ReadonlyMap<string, string> = new Map([
  ['8fb6bad671cfe698393c453357da61b56d757ab8c0f3fb9c87f2849e63131878', 'RFC 9500 testRSA2048'],
  ['96465ea5dc9bb2da7b351d808a7196e5761f2412a5040131c68d719aaba28fb9', 'RFC 9500 testRSA4096'],
  ['b2b04340cfaee616ec9c2c62d261b208e54bb197498df52e8cadede23ac0ba5e', 'RFC 9500 testECCP256'],
  ['c4c10105a0be0ed4dd3354428dc38a9bfee64da141ce16e75c94eda272f9dd3a', 'RFC 9500 testECCP384'],
  ['acb1b8327fef995e2458fdf5e3c33b2dc0749feabd6a894cb9bda9d70ac06c24', 'RFC 9500 testECCP521'],
  ['a1e9156054e04fac899ae9f275132cdc07a5dbc4ea2c2ad3a1ffc6e0d253681f', 'RFC 8410 10.1'],
  ['5a7a78cca4a0f420d9bc62bb669c3c2759e39f723d3ae10dcbe0f0815a07ecd4', 'RFC 6979 A.2.5'],
  ['2f95601fa82060b909bfc6b979dbd303d34d34e0afb27ea496beac362f242a4b', 'RFC 6979 A.2.6'],
  ['2bd1bb0c44a897c30a7aa0991cde38d8062fe441de50da0f46825344f602e827', 'RFC 7515 A.3'],
  ['51b944cdfa544d4c3273aa6bf350625a7dd53bbb6a71723274f538b19a207760', 'RFC 7517 A.2'],
  ['06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9', 'RFC 8032 7.1 TEST 1'],
  ['deb2ded39dc26fce0e6085b6fc34bf6b5941913bbfe2ea614113cff9e004c170', 'RFC 8032 7.1 TEST 2'],
  ['8d39ba50abe50f77b6bb8ae7b6927aff7ffbeba35ad2837c0e51e82bcbcc60d5', 'RFC 8032 7.1 TEST 3'],
  // Keys of tests that libraries for devices bring, which are copied with their examples.
  ['26b0f4b5b3b8ef8f54af9ca9cbef655501179e7337f2ac52f2eadcf953635999', 'Mbed TLS server5.key'],
  ['58efc540028da33a0eb5ef1c0621ca3e5805428822bdfee2f1f5e51928de1358', 'Mbed TLS server6.key'],
  ['b2108339b3fbb3715d03c0cb580b5b4411dec67e00117b76072267aa1dce61a1', 'Mbed TLS server7.key'],
  ['6452839ebf371b9a9a7585efd56a029440972fdbacd1ae077d403e4e92bcd4f3', 'Mbed TLS cli2.key'],
  ['230605b9f889784fce7bbc09e9ce09d40723e0449464367a9fed8c933c258e45', 'Mbed TLS ec_256_prv.pem'],
  [
    '3651a684060da1fc2d0c9c7560cf90a99f451445b3a8dbdccdbf040af05d9c27',
    'Mbed TLS ecdsa_secp384r1.key',
  ],
  [
    '2a3bf39a791ccb4e71029bd4924e8be98cd73bab1a61322a9200dab2a0ea66d6',
    'Mbed TLS ecdsa_secp521r1.key',
  ],
  ['370346c0864770dac7a90774f75ac6de537f5f5b2c4b1bb1d12bf3c5f4f484ae', 'Mbed TLS cli-rsa.key'],
  ['af0124ea50fbe17b3680aede200e89e4f0a5dc266970614679f7ae3aa1705592', 'Mbed TLS server1.key'],
  ['6703a04285f61bf2f79b143b1841435d503b448c3df1db998e9aebc7f05d3815', 'Mbed TLS server2.key'],
  ['219a4a99642fb9d7a9547604ab17ec0c1890a34a9bd61859ad2618bf60f356ae', 'Mbed TLS server4.key'],
  ['b6cc4647b75d49cfdf45b23ce11aa981f122bc37dfedb0c34cd9cae1835a865f', 'Mbed TLS server8.key'],
  ['c6cb6d1e322b2e4edc98a284f983a8be89a18a53db897b7ec32f9aa382c50a5c', 'Mbed TLS test-ca.key'],
  ['22e678066eddc37ba5e82dcf4491420adefc81daf964e49abec10f8d3c24470e', 'Mbed TLS test-ca-alt.key'],
  ['0d47bb32995c4f374228dd401ca46be4fe313ef89960c81b8c6db8b502f3f5c5', 'Mbed TLS test-ca2.key'],
  ['ea1655a0611eaf7d18cb90fa6a2f109855afb9cbcccb66b80d64c4705bf339df', 'Mbed TLS test-int-ca.key'],
  ['b3ace94672d0af594a6862ec2bb08f03af1b577fe103228aa7d1da1a554f5cf5', 'Mbed TLS test-int-ca2.key'],
  ['48e812f2e9d35d10771727add0c12cfc5ce02a142a373e5bb291cb930be29622', 'Mbed TLS test-int-ca3.key'],
  ['f23538775161c5cfc6d4633bfbd62eb4f0ee27d67a1a44cb233b9417867d7c98', 'wolfSSL client-key.pem'],
  ['5b3efef086a7b4637b2843d0a8fb5c5e7bf1e40b49e182184077f4b1405eddcd', 'wolfSSL server-key.pem'],
  [
    'a6e62ed5d9cf3b019d2cd537b1b34a6030726f36e4a5595477d3b1f665030a88',
    'wolfSSL ecc-client-key.pem',
  ],
  ['e3abb317fb5848510dabd747bdc818ce123c527fe2e3020dee12030f34c840f1', 'wolfSSL ecc-key.pem'],
  ['e144c6a958e273ee272efb6e5a573ba8cd1ce38759081ba4024f7477e9e6f3fa', 'wolfSSL ca-key.pem'],
  ['0c511f52c1cdd62b3358adcc93c2772362734cc5cf4981e6dad3053e304cd1ab', 'wolfSSL ca-ecc-key.pem'],
  [
    '816499697e0df5a65a03760b73d64f02f609a5ce503caa63f18119996682ce61',
    'Matter SDK Chip-Test-PAA-FFF1',
  ],
  [
    '33cd78c212fd7359bb0e0272efdacd2a399bcb731f262ebb8a4a766e4beecfaa',
    'Matter SDK Chip-Test-PAA-NoVID',
  ],
  [
    'c875b88f407cd39c4a68a6e81c039acf4a90a35fbeb771d0c08f8fafee2e3ce4',
    'Matter SDK Chip-Test-DAC-FFF1-8000-0000',
  ],
  // What a generator gives that was never seeded: the private keys 1 and 0.
  [
    '5cd252fb0ce8932436faf8ccd1040981b89ee4ad6b9fe9e2a2b7e71aacb27cd3',
    'the generator of P-256, whose private key is 1',
  ],
  [
    '29f8fe74f38c49d49810cec736a26732a30bff2e64827b709a1c63340d4f7181',
    'the generator of P-384, whose private key is 1',
  ],
  [
    'dcaa139396632a8daba1ba49ceccce0c417786f014698a06221b083d77754bda',
    'the generator of P-521, whose private key is 1',
  ],
  [
    '339e2ff917630507b6a423b5ce084e285d1fa65d93b3e27a6195d3bbebc9ae23',
    'the Ed25519 key of 32 octets of zero',
  ],
])
