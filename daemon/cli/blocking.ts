import type { Command } from 'commander'
import { ownerText } from '../words/words.ts'
import { readingCommand, readState, type SourceFlags } from './source.ts'
import { print, printJson, printTable, since } from './text.ts'

export const blockingCommand = (): Command =>
  readingCommand('blocking', 'the blocked tasks: why, since when, where').action(
    async (flags: SourceFlags) => {
      const state = await readState(flags)
      if (flags.json) {
        return printJson({ transition: state.transition, total: state.blockedTotal, blocked: state.blocked })
      }
      if (!state.transition) return print('No transition is running, so no task is blocked.')
      if (state.blockedTotal === 0) return print(`${state.transition.patch}: no task is known to be blocked.`)
      const head = ['TID', 'COMM', 'REASON', 'FUNCTION', 'FOR', 'TRIES', 'UNIT']
      const rows = state.blocked.map((task) => [
        String(task.tid),
        task.comm,
        task.reason,
        task.function ?? '-',
        since(task.since, state.time),
        String(task.tries),
        ownerText(task) ?? (task.kthread ? 'kernel thread' : '-'),
      ])
      printTable(head, rows)
      for (const task of state.blocked.slice(0, 5)) {
        if (!task.stack) continue
        print('')
        print(`${task.comm} (${task.tid}):`)
        for (const line of task.stack) print(`  ${line}`)
      }
      if (state.blockedTotal > state.blocked.length)
        print(`… and ${state.blockedTotal - state.blocked.length} more`)
    },
  )
