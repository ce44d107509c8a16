/** A command line as execa takes it. */
export type CommandLine = [command: string, args: string[]]

/** The same command with root's rights: as it is for root, through passwordless sudo for anyone else. */
export const asRoot = (command: string, args: string[]): CommandLine =>
  process.getuid?.() === 0 ? [command, args] : ['sudo', ['-n', command, ...args]]

/** Who is to own what root makes for this process, as chown takes it. */
export const ownerOfFiles = (): string => `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`
