import { execa } from 'execa'
import { FrameError } from '../raw/frames.ts'
import type { TracerProbe } from '../raw/layout.ts'
import { LayoutError } from '../raw/record-decoder.ts'
import { TracerStream } from '../raw/tracer-stream.ts'
import { childEnvironment } from './child-environment.ts'

/** On a slow, loaded machine the kernel's BTF and symbols take seconds to read. */
const deadlineMs = 60_000

/** Asks the tracer which probes this kernel offers; nothing is loaded or attached. */
export const checkProbes = async (
  tracer: string,
): Promise<{ probes: TracerProbe[] } | { failure: string; remedy: string }> => {
  const result = await execa(tracer, ['--check'], {
    reject: false,
    encoding: 'buffer',
    timeout: deadlineMs,
    extendEnv: false,
    env: childEnvironment(),
  })
  if (result.code === 'ENOENT')
    return {
      failure: `${tracer}, the program that traces, is not there`,
      remedy: 'Build it: npm run build:tracer',
    }
  if (result.failed) {
    const said = new TextDecoder().decode(result.stderr).trim().split('\n').at(-1)
    return {
      failure: said?.replace(/^klpscope-tracer: /, '') || `${tracer} fails`,
      remedy:
        'Boot a kernel with CONFIG_DEBUG_INFO_BTF; build the tracer on this machine (npm run build:tracer).',
    }
  }
  try {
    const messages = [...new TracerStream().read(result.stdout)]
    return { probes: messages.flatMap((message) => (message.type === 'probe' ? [message.probe] : [])) }
  } catch (error) {
    if (!(error instanceof FrameError || error instanceof LayoutError)) throw error
    return { failure: error.message, remedy: 'Build the tracer of this release: npm run build:tracer' }
  }
}
