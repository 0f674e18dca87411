/**
 * Published keys, whose private half everybody has, by the SHA-256 of their SubjectPublicKeyInfo in
 * lower-case hexadecimal: where they are printed. They end up in devices by way of sample code.
 */
export const knownKeys: ReadonlyMap<string, string> = new Map([
  ['8fb6bad671cfe698393c453357da61b56d757ab8c0f3fb9c87f2849e63131878', 'RFC 9500 testRSA2048'],
  ['b2b04340cfaee616ec9c2c62d261b208e54bb197498df52e8cadede23ac0ba5e', 'RFC 9500 testECCP256'],
  ['c4c10105a0be0ed4dd3354428dc38a9bfee64da141ce16e75c94eda272f9dd3a', 'RFC 9500 testECCP384'],
  ['acb1b8327fef995e2458fdf5e3c33b2dc0749feabd6a894cb9bda9d70ac06c24', 'RFC 9500 testECCP521'],
  ['a1e9156054e04fac899ae9f275132cdc07a5dbc4ea2c2ad3a1ffc6e0d253681f', 'RFC 8410 10.1'],
])
