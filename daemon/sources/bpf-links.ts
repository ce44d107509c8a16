import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { RawBody, RawBpfLink } from '../probes/raw-record.ts'

/**
 * The tracing programs (fentry, fexit, …) that processes hold attached, from their links' fdinfo. Links that
 * are only pinned have no process and are not found. Source: kernel/bpf/syscall.c, bpf_link_show_fdinfo.
 */
export const scanBpfLinks = (): RawBody => {
  const links: RawBpfLink[] = []
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const fd of list(`/proc/${pid}/fd`)) {
      if (!/bpf[-_]link/.test(follow(`/proc/${pid}/fd/${fd}`))) continue
      links.push({
        pid: Number(pid),
        comm: read(`/proc/${pid}/comm`).trim(),
        fdinfo: read(`/proc/${pid}/fdinfo/${fd}`),
      })
    }
  }
  // bpf_prog_<tag>_<name>
  const programs =
    links.length === 0 ? [] : [...read('/proc/kallsyms').matchAll(/ (bpf_prog_[0-9a-f]{16}_\w+)/g)]
  return { source: 'bpf-links', links, programs: programs.map((match) => match[1] ?? '') }
}

const attempt = <T>(action: () => T, otherwise: T): T => {
  try {
    return action()
  } catch {
    return otherwise
  }
}

const list = (dir: string): string[] => attempt(() => readdirSync(dir), [])
const follow = (path: string): string => attempt(() => readlinkSync(path), '')
const read = (path: string): string => attempt(() => readFileSync(path, 'utf8'), '')
