/** What programs need to find their files and to write times and texts as the user wants them; and bpftrace its types. */
const passedOn = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'TMPDIR',
  'BPFTRACE_BTF',
  'BPFTRACE_VMLINUX',
  'BPFTRACE_KERNEL_SOURCE',
  'BPFTRACE_KERNEL_BUILD',
]

/**
 * The environment of a child process. It does not get ours whole: that may hold secrets, and variables that change what
 * a program does (NODE_OPTIONS, LD_PRELOAD, BPFTRACE_MAX_PROBES).
 */
export const childEnvironment = (own: Record<string, string> = {}): Record<string, string> => ({
  ...Object.fromEntries(
    passedOn.flatMap((name) => [[name, process.env[name]]]).filter(([, value]) => value !== undefined),
  ),
  ...own,
})
