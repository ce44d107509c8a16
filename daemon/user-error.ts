/** A failure the user can mend: printed as two lines, what is wrong and what to do, without a stack. */
export class UserError extends Error {
  readonly remedy: string
  readonly exitCode: number

  constructor(message: string, remedy: string, exitCode = 1) {
    super(message)
    this.name = 'UserError'
    this.remedy = remedy
    this.exitCode = exitCode
  }
}
