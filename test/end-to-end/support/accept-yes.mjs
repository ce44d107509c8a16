// What systemd does with a socket unit whose Accept=yes: a program for each connection, which is its standard input and
// output. usage: accept-yes.mjs SOCKET USER PROGRAM
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { createServer } from 'node:net'

const [, , path, user, program] = process.argv
createServer({ pauseOnConnect: true, allowHalfOpen: true }, (connection) => {
  const child = spawn(program, [], { stdio: [connection, connection, 'inherit'] })
  // The other side has to see that the program has ended.
  child.on('exit', () => connection.destroy())
}).listen(path, () => {
  chmodSync(path, 0o600)
  execFileSync('chown', [user, path])
})
