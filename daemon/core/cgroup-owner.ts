/** Who runs a container, by how it names its cgroup. `machine`: registered with systemd-machined, mostly a VM. */
export type ContainerManager =
  | 'docker'
  | 'podman'
  | 'cri-o'
  | 'containerd'
  | 'lxc'
  | 'nspawn'
  | 'machine'
  | 'unknown'

export type CgroupOwner = {
  /** The host's systemd unit, as its `systemctl` knows it. Never a slice, never a unit inside a container. */
  unit: string | null
  /** Whose own manager (user@UID.service) it belongs to. */
  uid: number | null
  /** The unit there, as `systemctl --user` of that user knows it. */
  userUnit: string | null
  /** The innermost container: a full id, or the name of an LXC or nspawn container. */
  container: { name: string; manager: ContainerManager; nested: boolean } | null
  /** UID of the Kubernetes pod. */
  pod: string | null
}

/**
 * The path that says most about a task, from the text of /proc/PID/cgroup: the unified hierarchy's, or where that is
 * the root (hybrid) or missing (v1) the one that systemd manages, or else the longest. Undefined: none is told.
 * Source: kernel/cgroup/cgroup.c, proc_cgroup_show.
 */
export const cgroupPath = (text: string): string | undefined => {
  const paths = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, id, controllers = '', path] = /^(\d+):([^:]*):(.+)$/.exec(line) ?? []
    if (path) paths.set(id === '0' ? 'unified' : controllers, path.replace(/ \(deleted\)$/, ''))
  }
  const longestFirst = [...paths.values()].sort((a, b) => b.length - a.length)
  const known = [paths.get('unified'), paths.get('name=systemd'), ...longestFirst]
  return known.find((path) => path !== undefined && path !== '/') ?? longestFirst[0]
}

/** Reads a cgroup path as systemd and the managers of containers lay it out. */
export const cgroupOwner = (path: string): CgroupOwner => {
  const parts = path
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .map(unescapeCgroup)
  const containers = parts.flatMap((part, index) => {
    const found = containerIn(part, parts[index - 1] ?? '', parts[index + 1] ?? '')
    return found ? [{ ...found, index }] : []
  })
  const podAt = parts.findIndex((part) => podIn(part) !== null)
  const innermost = containers.at(-1)
  const unitAt = unitIn(parts, 0)
  /** Where the first container or pod begins: what lies further in is not the host's. */
  const insideFrom = Math.min(...containers.map(({ index }) => index), podAt < 0 ? parts.length : podAt)
  const uid = /^user@(\d+)\.service$/.exec(parts[unitAt] ?? '')?.[1]
  // A unit that holds whole containers is their runtime's; one that is a container (docker-ID.scope) is its own.
  const holdsMore = unitAt < insideFrom && insideFrom < parts.length
  return {
    unit: unitAt < 0 || unitAt > insideFrom || holdsMore ? null : (parts[unitAt] ?? null),
    uid: uid === undefined ? null : Number(uid),
    // As systemd's cg_path_get_user_unit: below user@UID.service its own slices and units begin anew.
    userUnit: uid === undefined ? null : (parts.slice(0, insideFrom)[unitIn(parts, unitAt + 1)] ?? null),
    container: innermost
      ? { name: innermost.name, manager: innermost.manager, nested: containers.length > 1 }
      : null,
    pod: podAt < 0 ? null : podIn(parts[podAt] ?? ''),
  }
}

/** systemd puts `_` before names that cgroupfs could take for its own (src/basic/cgroup-util.c, cg_escape). */
const unescapeCgroup = (part: string): string => part.replace(/^_/, '')

const unitName = /^[\w:.@\\-]+\.(?:service|scope|socket|mount|swap|automount|device|timer|path|target)$/

/** The first part that is no slice, if that is a unit: as systemd's cg_path_get_unit finds it. -1: there is none. */
const unitIn = (parts: readonly string[], from: number): number => {
  const index = parts.findIndex((part, at) => at >= from && !part.endsWith('.slice'))
  return index >= 0 && unitName.test(parts[index] ?? '') ? index : -1
}

type Found = { name: string; manager: ContainerManager }

const prefixes: Record<string, ContainerManager> = {
  docker: 'docker',
  libpod: 'podman',
  'libpod-conmon': 'podman',
  crio: 'cri-o',
  'crio-conmon': 'cri-o',
  'cri-containerd': 'containerd',
  nerdctl: 'containerd',
}

const containerIn = (part: string, parent: string, child: string): Found | null =>
  byId(part, parent) ?? lxcIn(part, parent) ?? machineIn(part, child)

/** `docker-ID.scope`, `…slice:cri-containerd:ID`, or `ID` alone, which the part before it explains, or does not. */
const byId = (part: string, parent: string): Found | null => {
  const [, before = '', name] = /^(?:(?:.*:)?([a-z-]+)[-:]|)([0-9a-f]{64})(?:\.scope)?$/.exec(part) ?? []
  if (name === undefined) return null
  return { name, manager: prefixes[before || parent] ?? (podIn(parent) ? 'containerd' : 'unknown') }
}

/** `lxc.payload.NAME` since LXC 4.0, `lxc/NAME` before and in Proxmox VE. */
const lxcIn = (part: string, parent: string): Found | null => {
  const name =
    /^lxc\.(?:payload|monitor)\.(.+)$/.exec(part)?.[1] ??
    (/^lxc(\.payload)?$/.test(parent) ? part : undefined)
  return name === undefined ? null : { name, manager: 'lxc' }
}

/** `systemd-nspawn@NAME.service`; `machine-NAME.scope` is nspawn's where it holds a payload, else mostly a VM. */
const machineIn = (part: string, child: string): Found | null => {
  const nspawn = /^systemd-nspawn@(.+)\.service$/.exec(part)?.[1]
  if (nspawn !== undefined) return { name: unescapeUnit(nspawn), manager: 'nspawn' }
  const machine = /^machine-(.+)\.scope$/.exec(part)?.[1]
  if (machine === undefined) return null
  return { name: unescapeUnit(machine), manager: /^(payload|supervisor)$/.test(child) ? 'nspawn' : 'machine' }
}

/** The inverse of systemd-escape(1): `\x2d` for `-`; a `-` in an instance's name stands for `/`, in which none is. */
const unescapeUnit = (name: string): string =>
  name.replace(/(?:\\x[0-9a-f]{2})+/g, (escaped) => {
    const bytes = escaped
      .split('\\x')
      .slice(1)
      .map((byte) => Number.parseInt(byte, 16))
    return new TextDecoder().decode(new Uint8Array(bytes))
  })

/** `pod<uid>`, its dashes as underscores where systemd names it; a static pod's uid is a hash without dashes. */
const podIn = (part: string): string | null => {
  const uid =
    /(?:^|-)pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice|:|$)/.exec(
      part,
    )?.[1]
  return uid?.replaceAll('_', '-') ?? null
}
