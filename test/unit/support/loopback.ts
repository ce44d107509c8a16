import type { Listening } from '../../../daemon/serve/listening.ts'

/** As klpscope listens by default, on any free port. */
export const loopback: Listening = { host: '127.0.0.1', port: 0, allowHosts: [], allowRemote: false }
