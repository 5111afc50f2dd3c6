/** File systems behind a network: others may write there without this system being told, and an answer may take for ever. */
import { statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';

/** Magic numbers, statfs(2). */
const KINDS = new Set([
  0x6969, // NFS
  0xff534d42, // CIFS
  0xfe534d42, // SMB 2
  0x517b, // SMB
  0x01021997, // 9p: virtual machines, containers
  0x65735546, // FUSE: sshfs, rclone, and all others that are made outside of the kernel
  0x00c36400, // Ceph
  0x0bd00bd0, // Lustre
  0x47504653, // GPFS
  0x5346414f, // AFS
  0x73757245, // Coda
  0x786f4256, // folders of VirtualBox
  0x1161970, // GFS2
]);

/** @returns false for what is not there */
export async function isOnNetwork(location: string): Promise<boolean> {
  const found = await statfs(location).catch(() => undefined);
  return found !== undefined && KINDS.has(found.type);
}

/** The same without waiting; for the start. */
export function isOnNetworkNow(location: string): boolean {
  try {
    return KINDS.has(statfsSync(location).type);
  } catch {
    // nothing there yet
    return false;
  }
}
