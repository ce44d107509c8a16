import { join } from 'node:path'
import { execa } from 'execa'
import { packageDir } from '../../../daemon/package-paths.ts'

/** The built program replaying a file, opened at once at its end. @returns the dashboard's address, and how to stop it */
export const replayProgram = async (
  file: string,
  port: number,
): Promise<{ url: string; stop: () => Promise<number | undefined> }> => {
  const program = join(packageDir, 'dist/klpscope.js')
  const running = execa('node', [program, 'replay', file, '--speed', 'max', '--listen', `127.0.0.1:${port}`])
  const url = await new Promise<string>((resolve, reject) => {
    let said = ''
    running.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const address = /^http\S+$/m.exec(said)?.[0]
      if (address) resolve(address)
    })
    running.catch(reject)
  })
  return {
    url,
    stop: async () => {
      running.kill('SIGTERM')
      return (await running.catch((error) => error)).exitCode
    },
  }
}
