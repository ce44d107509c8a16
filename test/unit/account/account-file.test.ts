import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openAccountFile } from '../../../daemon/account/account-file.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()

it('what is open is in the file at once, and what earlier runs left open until this one has taken it over', () => {
  const file = dir.path('run/account.json')
  const first = openAccountFile(file)
  expect(first.earlier).toEqual([])
  first.begin(7)
  first.save(3)
  first.recordedUpTo(12, 2)

  const aside = openAccountFile(file)
  expect(aside.earlier).toEqual([{ after: 12, upTo: null, open: 2 }])
  aside.beginAside(1_000)
  aside.save(5)
  const both = [
    { after: 12, upTo: 1_000, open: 2 },
    { after: 1_000, upTo: null, open: 5 },
  ]
  const next = openAccountFile(file)
  expect(next.earlier).toEqual(both)
  expect(openAccountFile(file).earlier, 'until it has begun').toEqual(both)
  next.begin(1_010)
  next.save(7)
  expect(openAccountFile(file).earlier).toEqual([{ after: 1_010, upTo: null, open: 7 }])
})

it('a file that is none, or cannot be written, keeps nobody from starting', () => {
  const file = dir.path('account.json')
  for (const text of ['', 'no json\n', '{"a": 1}\n', '[{"after": "x", "open": 1e300}]\n']) {
    writeFileSync(file, text)
    expect(openAccountFile(file).earlier).toEqual([])
  }
  writeFileSync(dir.path('no-folder'), '')
  const nowhere = openAccountFile(dir.path('no-folder/account.json'))
  nowhere.begin(0)
  nowhere.save(1)
  expect(readFileSync(dir.path('no-folder'), 'utf8')).toBe('')
})

it('nothing is written after the end: by then the descriptor may be of another file', () => {
  const account = openAccountFile(dir.path('ended.json'))
  account.begin(0)
  account.close()
  const other = openSync(dir.path('other'), 'w')
  account.save(9)
  account.recordedUpTo(9, 9)
  account.close()
  closeSync(other)
  expect(readFileSync(dir.path('other'), 'utf8')).toBe('')
})
