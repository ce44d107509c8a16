import type { TransitionReport } from '../contract/report.ts'
import { renderHtml } from './render-html.ts'
import { renderMarkdown } from './render-markdown.ts'

export const reportFormats = ['md', 'html', 'json'] as const
export type ReportFormat = (typeof reportFormats)[number]

const renderers: Record<ReportFormat, (report: TransitionReport) => string> = {
  md: renderMarkdown,
  html: renderHtml,
  json: (report) => `${harmless(JSON.stringify(report, null, 2))}\n`,
}

/** The same JSON, with what a terminal would obey or hide written as escapes. */
const harmless = (json: string): string =>
  json.replace(/[\p{Cf}\u007f-\u009f\u2028\u2029]/gu, (text) =>
    Array.from(
      { length: text.length },
      (_, index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  )

export const renderReport = (report: TransitionReport, format: ReportFormat): string =>
  renderers[format](report)
