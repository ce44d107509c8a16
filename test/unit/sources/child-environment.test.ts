import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { childEnvironment } from '../../../daemon/sources/child-environment.ts'

const daemonDir = resolve(import.meta.dirname, '../../../daemon')
afterEach(() => {
  delete process.env.KLPSCOPE_TEST_SECRET
})

it('a child gets what it needs, nothing else', () => {
  process.env.KLPSCOPE_TEST_SECRET = 'token'
  const environment = childEnvironment({ KLPSCOPE_TRACER: '/run/t' })
  expect(environment).toMatchObject({ PATH: process.env.PATH, KLPSCOPE_TRACER: '/run/t' })
  expect(environment).not.toHaveProperty('KLPSCOPE_TEST_SECRET')
  expect(Object.values(environment)).not.toContain(undefined)
})

it('no child of the daemon is started with another', () => {
  const files = readdirSync(daemonDir, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )
  const starts = files.filter((file) =>
    /\b(execa|spawn|execFile|fork)\(/.test(readFileSync(join(daemonDir, file), 'utf8')),
  )
  expect(starts.length).toBeGreaterThan(3)
  for (const file of starts)
    expect(readFileSync(join(daemonDir, file), 'utf8'), file).toContain('env: childEnvironment(')
})
