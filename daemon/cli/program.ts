import { Command } from 'commander'
import { packageVersion } from '../package-paths.ts'
import { complain } from './text.ts'

/** Each in a chunk of its own: what one command runs on costs the others no memory, and no time to load. */
const commands: Record<string, () => Promise<Command>> = {
  daemon: async () => (await import('./daemon.ts')).daemonCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  status: async () => (await import('./status.ts')).statusCommand(),
  blocking: async () => (await import('./blocking.ts')).blockingCommand(),
  shadow: async () => (await import('./shadow.ts')).shadowCommand(),
  history: async () => (await import('./history.ts')).historyCommand(),
  replay: async () => (await import('./replay.ts')).replayCommand(),
  report: async () => (await import('./report.ts')).reportCommand(),
  bundle: async () => (await import('./bundle.ts')).bundleCommand(),
  export: async () => (await import('./export.ts')).exportCommand(),
  lab: async () => (await import('./lab.ts')).labCommand(),
  start: async () => (await import('./start.ts')).startCommand(),
}
const hidden = new Set(['start'])

/**
 * The command line. Its errors are thrown instead of ending the process with 1, which would be a warning.
 * @param args what it is to be used for: only the command that they name is in it, or all when they name none
 */
export const createProgram = async (args: readonly string[] = []): Promise<Command> => {
  const program = new Command('klpscope')
    .description('Traces Linux kernel livepatching: transitions, blocked tasks, shadow variables.')
    .version(packageVersion())
  for (const name of namedIn(args)) {
    const command = await commands[name]?.()
    if (command) program.addCommand(command, { hidden: hidden.has(name) })
  }
  prepare(program)
  return program
}

const namedIn = (args: readonly string[]): string[] => {
  const [first = '', second = ''] = args
  const name = first === 'help' ? second : first
  return Object.hasOwn(commands, name) ? [name] : Object.keys(commands)
}

const prepare = (command: Command): void => {
  command.exitOverride().configureOutput({ writeErr: (text) => complain(text.trimEnd()) })
  for (const inner of command.commands) prepare(inner)
}
