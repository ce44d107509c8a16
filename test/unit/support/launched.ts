import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { launchDaemon } from '../../../daemon/launch/launch-daemon.ts'
import { tracerVariable } from '../../../daemon/sources/handed-down.ts'
import { UserError } from '../../../daemon/user-error.ts'

// A program that root starts as it does the daemon: bundled by the test, run with the options of the launch as JSON.
// As the user it says what it is and what it hears from its tracer, until a signal ends it.

const [, , options = '{}'] = process.argv
const said: Record<string, unknown> = {}
const may = (path: string): boolean => {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}

if (process.getuid?.() === 0) {
  try {
    process.exit(await launchDaemon(JSON.parse(options)))
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    process.stdout.write(JSON.stringify({ refused: error.message, remedy: error.remedy }))
    process.exit(error.exitCode)
  }
}
const status = readFileSync('/proc/self/status', 'utf8')
for (const field of ['Uid', 'Gid', 'Groups', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs'])
  said[field] = new RegExp(`^${field}:[ \\t]*(.*)$`, 'm').exec(status)?.[1]?.trim().split(/\s+/)
said.mayReadShadow = may('/etc/shadow')
said.environment = Object.keys(process.env).sort()
process.on('SIGTERM', () => process.exit(7))
const tracer = connect(process.env[tracerVariable] ?? '')
let heard = ''
tracer.setEncoding('latin1').on('data', (piece: string) => {
  heard += piece
  if (heard.includes('\n')) process.stdout.write(`${JSON.stringify({ ...said, heard })}\n`)
})
