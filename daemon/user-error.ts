/**
 * How every command that looks at something ends, as monitoring plugins do
 * (https://www.monitoring-plugins.org/doc/guidelines.html, Plugin Return Codes). `unknown` also stands for a command
 * line that is wrong and for a command that could not do its work: neither must read as a warning.
 */
export const exitCodes = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const

/** A failure the user can fix: printed as two lines, what is wrong and what to do, without a stack. */
export class UserError extends Error {
  readonly remedy: string
  readonly exitCode: number

  constructor(message: string, remedy: string, exitCode: number = exitCodes.unknown) {
    super(message)
    this.name = 'UserError'
    this.remedy = remedy
    this.exitCode = exitCode
  }
}
