import { type DestinationStream, type Logger, pino } from 'pino'
import { harmlessJson } from './words/harmless-json.ts'

/**
 * A log of JSON lines that people read in a terminal: names of tasks and modules are in it, and what a terminal would
 * obey or hide in them is written as escapes.
 */
export const openLog = (level: 'info' | 'warn', destination: DestinationStream): Logger =>
  pino({ level }, { write: (line) => destination.write(harmlessJson(line)) })
