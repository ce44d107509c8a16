import type { TransitionReport } from '../contract/report.ts'
import { harmlessJson } from '../words/harmless-json.ts'
import { renderHtml } from './render-html.ts'
import { renderMarkdown } from './render-markdown.ts'

export const reportFormats = ['md', 'html', 'json'] as const
export type ReportFormat = (typeof reportFormats)[number]

const renderers: Record<ReportFormat, (report: TransitionReport) => string> = {
  md: renderMarkdown,
  html: renderHtml,
  json: (report) => `${harmlessJson(JSON.stringify(report, null, 2))}\n`,
}

export const renderReport = (report: TransitionReport, format: ReportFormat): string =>
  renderers[format](report)
