import { describe, expect, it } from 'vitest'
import { createRedaction } from '../../../daemon/report/redaction.ts'

describe('redaction', () => {
  it('of data removes command lines and names hosts by number', () => {
    const { data } = createRedaction(['here'])
    expect(
      data({ hostname: 'web1.example.com', a: [{ commandLine: 'cat /etc/x', comm: 'cat' }], b: null }),
    ).toEqual({
      hostname: 'host-2',
      a: [{ commandLine: '[command line removed]', comm: 'cat' }],
      b: null,
    })
  })

  it('of text removes what was met in data, in whole and in part, whatever its case', () => {
    const { data, text } = createRedaction([])
    data({ hostname: 'web1.example.com', commandLine: 'sh -c "echo (.*)"' })
    expect(text('WEB1.example.com and web1 ran sh -c "echo (.*)" as root@web1')).toBe(
      'host-1 and host-1 ran [command line removed] as root@host-1',
    )
    expect(text(JSON.stringify({ said: 'sh -c "echo (.*)"' }))).toBe('{"said":"[command line removed]"}')
  })

  it('of data removes what users’ own probes printed: nothing tells what that is', () => {
    const { data } = createRedaction([])
    const event = {
      kind: 'custom',
      probe: 'mine',
      what: 'line',
      fields: [{ value: 'cat /etc/x' }],
      omitted: 2,
    }
    expect(data(event)).toEqual({ ...event, fields: [], omitted: 3 })
  })

  it('tells hosts apart, and the same one the same every time', () => {
    const { data } = createRedaction([])
    const names = ['alpha', 'beta', 'alpha'].map((hostname) => data({ hostname }).hostname)
    expect(names).toEqual(['host-1', 'host-2', 'host-1'])
  })

  it('leaves a task’s name, though it may be all of its command line', () => {
    const { data, text } = createRedaction([])
    data({ commandLine: 'bash' })
    expect(text('bash (1) switched')).toBe('bash (1) switched')
  })

  it('takes a short name for one only where it stands alone', () => {
    const { text } = createRedaction(['db'])
    expect(text('db: mdbx, db-2, x.db, db')).toBe('host-1: mdbx, db-2, x.db, host-1')
  })

  it('has nothing against localhost', () =>
    expect(createRedaction(['localhost']).text('localhost')).toBe('localhost'))
})
