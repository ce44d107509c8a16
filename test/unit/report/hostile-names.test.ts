import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { html } from '../../../daemon/report/html.ts'
import { renderReport } from '../../../daemon/report/render-report.ts'
import { hostileSteps } from '../support/hostile-story.ts'
import { recordSteps } from '../support/record-steps.ts'
import { reportOf } from '../support/report-of.ts'

const dir = mkdtempSync(join(tmpdir(), 'klpscope-hostile-'))
const database = recordSteps(hostileSteps(), join(dir, 'hostile.db'))
afterAll(() => {
  database.close()
  rmSync(dir, { recursive: true })
})
const report = reportOf(database)

describe('names that would be markup', () => {
  it('are text in the page', () => {
    const page = renderReport(report, 'html')
    const tags = new Set([...page.matchAll(/<\/?([a-z][a-z0-9-]*)/gi)].map(([, name]) => name!.toLowerCase()))
    for (const tag of ['script', 'img', 'iframe', 'a', 'link', 'object']) expect(tags).not.toContain(tag)
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(page).toContain('\\u{202e}')
  })

  it('are text in Markdown', () => {
    const text = renderReport(report, 'md')
    // A fence's contents are literal.
    const outside = text.replace(/^(`{3,})[^\n]*\n[\s\S]*?\n\1$/gm, '')
    expect(outside).not.toMatch(/(?<!\\)[<[`]/)
    expect(outside).toContain('\\<script')
    // No cell breaks out of its table.
    for (const row of outside.split('\n').filter((line) => line.startsWith('|')))
      expect(row.match(/(?<!\\)\|/g)!.length).toBeLessThanOrEqual(7)
  })

  it('are the names themselves in JSON', () => {
    const text = renderReport(report, 'json')
    expect(JSON.parse(text)).toEqual(report)
    expect(text).toContain('\\u202egnp')
    expect(text).not.toMatch(/[^\P{C}\n]/u)
  })
})

it('the template escapes whatever is no markup of its own', () => {
  const name = `"><img src=x onerror='1'>&`
  expect(html`<p title="${name}">${[name, null, false, html`<b>${1}</b>`]}</p>`.markup).toBe(
    '<p title="&quot;&gt;&lt;img src=x onerror=&#39;1&#39;&gt;&amp;">&quot;&gt;&lt;img src=x onerror=&#39;1&#39;&gt;&amp;<b>1</b></p>',
  )
})
