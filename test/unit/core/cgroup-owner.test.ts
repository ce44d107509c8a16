import { describe, expect, it } from 'vitest'
import { cgroupOwner, cgroupPath } from '../../../daemon/core/cgroup-owner.ts'
import { cgroupShapes } from '../support/cgroups.ts'

describe('whom a cgroup belongs to', () => {
  it.each(cgroupShapes)('$path', ({ path, unit, uid, userUnit, container, pod }) => {
    expect(cgroupOwner(path)).toEqual({
      unit: unit ?? null,
      uid: uid ?? null,
      userUnit: userUnit ?? null,
      container: container
        ? { name: container[0], manager: container[1], nested: container[2] ?? false }
        : null,
      pod: pod ?? null,
    })
  })
})

describe('the path of a task', () => {
  it.each([
    ['the unified hierarchy', '0::/system.slice/a.service\n', '/system.slice/a.service'],
    ['its root', '0::/\n', '/'],
    ['a cgroup that was removed', '0::/system.slice/a.service (deleted)\n', '/system.slice/a.service'],
    ['v1', '2:cpu,cpuacct:/\n1:name=systemd:/system.slice/a.service\n', '/system.slice/a.service'],
    ['hybrid, all told twice', '1:name=systemd:/a.service/x\n0::/a.service\n', '/a.service'],
    ['hybrid, a container only in v1', '4:pids:/docker/x\n1:name=systemd:/docker/x\n0::/\n', '/docker/x'],
    ['v1 without systemd', '3:cpu:/\n2:memory:/docker/x\n', '/docker/x'],
    ['a path with a colon', '0::/system.slice:docker:x\n', '/system.slice:docker:x'],
    ['nothing', '', undefined],
  ])('%s', (_, text, path) => expect(cgroupPath(text)).toBe(path))
})
