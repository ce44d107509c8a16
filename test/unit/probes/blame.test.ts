import { expect, it } from 'vitest'
import { blameFor, parseLinks } from '../../../daemon/probes/blame.ts'

// As read on Linux 6.12 and 6.1 in the lab, from `bpftrace -e 'kretfunc:hrtimer_nanosleep …'`.
const fdinfo612 =
  'pos:\t0\nflags:\t02000000\nmnt_id:\t17\nino:\t1055\nlink_type:\ttracing\nlink_id:\t2\nprog_tag:\tcc582692d0e95d1c\nprog_id:\t7\nattach_type:\t25\ntarget_obj_id:\t1\ntarget_btf_id:\t76628\n'
const fdinfo61 =
  'pos:\t0\nflags:\t02000000\nmnt_id:\t15\nino:\t1049\nlink_type:\ttracing\nlink_id:\t1\nprog_tag:\t03b3f5f931493a53\nprog_id:\t5\nattach_type:\t25\n'
const stack = (key: string) => [
  'hrtimer_nanosleep+0xa1/0x170',
  `bpf_trampoline_${key}+0x41/0xe8`,
  'hrtimer_nanosleep+0x9/0x170',
  'common_nsleep+0x43/0x50',
]

it('names the program whose trampoline is on the stack', () => {
  const links = parseLinks(
    [{ pid: 216, comm: 'bpftrace', fdinfo: fdinfo612 }],
    ['bpf_prog_cc582692d0e95d1c_hrtimer_nanosleep'],
  )
  expect(blameFor(stack('6442527572'), links)).toBe(
    'BPF program hrtimer_nanosleep (id 7, fexit on hrtimer_nanosleep) of bpftrace (216)',
  )
  expect(blameFor(stack('6442527573'), links)).toBe(
    'a BPF program on hrtimer_nanosleep, which one is not known',
  )
})

it('says probably where the kernel does not tell the target', () => {
  const links = parseLinks([{ pid: 172, comm: 'bpftrace', fdinfo: fdinfo61 }], [])
  expect(blameFor(stack('6442486200'), links)).toBe(
    'probably BPF program tag 03b3f5f931493a53 (id 5, fexit on hrtimer_nanosleep) of bpftrace (172)',
  )
  expect(blameFor(stack('6442486200'), [...links, ...links])).toBe(
    'a BPF program on hrtimer_nanosleep, which one is not known',
  )
})

it('blames nobody for an ordinary stack', () => {
  expect(blameFor(['schedule+0x1/0x2', 'kthread+0x1/0x2'], [])).toBeUndefined()
})

it('names the function graph tracer where its return trampoline is on the stack', () =>
  expect(blameFor(['schedule_timeout+0x1/0x2', 'return_to_handler+0x0/0x40', 'kthread+0xe5/0x120'], [])).toBe(
    'the function graph tracer',
  ))
