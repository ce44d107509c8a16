import { expect, it } from 'vitest'
import { openLog } from '../../daemon/open-log.ts'

it('a log line has nothing in it that a terminal obeys or hides, and is parsed to the same', () => {
  const lines: string[] = []
  const log = openLog('info', { write: (line) => void lines.push(line) })
  const comm = 'a\u001b[2J\u009b31mb\u202ec\u2028d\n'
  log.info({ comm, deep: [{ comm }] }, `blocked: ${comm}`)
  expect(lines).toHaveLength(1)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
  expect(lines[0]?.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\p{Cf}]/u)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ comm, deep: [{ comm }], msg: `blocked: ${comm}` })
})
