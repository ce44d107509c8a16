import { createReadStream, createWriteStream } from 'node:fs'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { UserError } from '../user-error.ts'
import { type FileKind, kindOf } from './look-at-file.ts'

/** A record is compressed about ten times; what claims much more is made to fill disks. */
const mostTimesLarger = 50
const alwaysBytes = 256_000_000

/** What kind of file is in a compressed one. */
export const lookIntoGzip = async (file: string): Promise<FileKind> => {
  const source = createReadStream(file)
  try {
    for await (const chunk of source.pipe(createGunzip())) return kindOf(chunk as Buffer)
  } catch {
    // What is wrong with it is told when its lines are read.
  } finally {
    source.destroy()
  }
  return 'lines'
}

/** @throws UserError for what is damaged, or too large when unpacked */
export const unpackGzip = async (file: string, sizeBytes: number, to: string): Promise<void> => {
  const mostBytes = Math.max(alwaysBytes, mostTimesLarger * sizeBytes)
  let bytes = 0
  const bounded = new Transform({
    transform: (chunk: Buffer, _, done) => {
      bytes += chunk.length
      done(bytes > mostBytes ? tooLarge(file, mostBytes) : null, chunk)
    },
  })
  try {
    await pipeline(createReadStream(file), createGunzip(), bounded, createWriteStream(to, { mode: 0o600 }))
  } catch (error) {
    throw error instanceof UserError ? error : cannotUnpack(file, error as NodeJS.ErrnoException)
  }
}

const tooLarge = (file: string, mostBytes: number): UserError =>
  new UserError(
    `${file} is larger when unpacked than a record is: more than ${Math.round(mostBytes / 1e6)} MB.`,
    'If it comes from klpscope, unpack it where there is room and name what comes out.',
  )

const cannotUnpack = (file: string, { code, message }: NodeJS.ErrnoException): UserError =>
  code?.startsWith('Z_')
    ? new UserError(
        `${file} is damaged: its compressed data are cut off or wrong (${code}).`,
        'Copy the file again from where it was made.',
      )
    : new UserError(
        `${file} cannot be unpacked (${code ?? message}).`,
        'Make room in the temporary directory, or name another place with TMPDIR.',
      )
