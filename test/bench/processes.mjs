// What the kernel of the operating system knows about a running process (Linux's /proc).
import { readFileSync } from 'node:fs';

const status = (pid, field) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

/** Resident memory in MB. */
export const residentMb = (pid) => status(pid, 'VmRSS') / 1024;

/** The most resident memory since the start, or since `forgetPeak`, in MB. */
export const peakMb = (pid) => status(pid, 'VmHWM') / 1024;

/** User and system time of all its threads, in seconds, to a hundredth. Processes that it started do not count. */
export function cpuSeconds(pid) {
  // The name may hold spaces and brackets: the fields are counted from behind it (proc(5): 14 utime, 15 stime).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
