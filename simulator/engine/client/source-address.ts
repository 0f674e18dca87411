/**
 * Devices of one source address. Linux gives some 28,000 ports to one address and server
 * (net.ipv4.ip_local_port_range); a third of them leaves room for those that have just closed.
 */
const devicesOfAddress = 9000

/**
 * The loopback address that the nth device connects from: 127.0.0.2 and on, so that as many devices
 * as memory allows can be connected from one machine to one port.
 */
export function sourceAddressOf(nth: number): string {
  const address = 2 + Math.floor(nth / devicesOfAddress)
  if (address > 0xff_fffe) throw new RangeError('127.0.0.0/8 has no address for so many devices')
  return `127.${address >> 16}.${(address >> 8) & 0xff}.${address & 0xff}`
}

/** Addresses that the devices of one process share: four times 9000 is more than it may have descriptors. */
const devicesOfProcess = 4 * devicesOfAddress

/**
 * Source addresses for the connections that one process of several opens to `host`, one after another
 * and from the first again. Always undefined where the target is not on loopback, or the system has
 * no more than 127.0.0.1 there, as all but Linux.
 *
 * @param nth counts the processes from 0
 */
export function sourceAddresses(host: string, nth: number): () => string | undefined {
  if (!host.startsWith('127.') || process.platform !== 'linux') return () => undefined
  let opened = -1
  return () => {
    opened += 1
    return sourceAddressOf(nth * devicesOfProcess + (opened % devicesOfProcess))
  }
}
