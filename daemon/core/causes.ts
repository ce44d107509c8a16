import type { Cause } from '../contract/cause.ts'
import type { ProbeSet } from '../contract/event-parts.ts'
import { passiveReason, passiveSubject } from '../contract/passive.ts'
import { probePurposes } from '../contract/probe-purposes.ts'
import { plural } from '../words/format.ts'
import { gapsOf, type Watch } from './gap.ts'

/** What is lost for one reason: a set, or a part of one. */
type Loss = { subject: string; lost: string; reason: string; remedy: string; isSet: boolean }

const anyRemedy = 'Run klpscope doctor for what this host offers.'
const deadRemedy =
  'The daemon starts it again by itself. When it ends again and again, klpscope doctor tells what this host offers.'

/** Why not all is seen that should be, an item a cause however much is lost by it; the gravest first. */
export const causesOf = (watch: Watch): Cause[] => {
  const { status, since, probeSets } = watch
  // What a part of it could not attach does not matter while it is dead.
  if (status === 'starting')
    return probeSets.length === 0 ? [] : [{ ...whole(whyDead(watch), deadRemedy, probeSets), since }]
  const groups = new Map<string, Loss[]>()
  for (const loss of probeSets.flatMap(lossesOf)) {
    const key = `${kindOf(loss.reason)?.key ?? loss.reason}\n${loss.remedy}`
    groups.set(key, [...(groups.get(key) ?? []), loss])
  }
  return [...groups.values()]
    .map((losses) => ({ ...causeOf(losses, probeSets), since }))
    .sort((a, b) => Number(b.severity === 'warning') - Number(a.severity === 'warning'))
}

const lossesOf = (set: ProbeSet): Loss[] => {
  const { name, available, reason = '', remedy = anyRemedy, lost = [] } = set
  if (!available) {
    // A reason may say itself what is lost.
    const [why = ''] = reason.split('; not seen: ')
    return [{ subject: name, lost: purposeOf(name), reason: why, remedy, isSet: true }]
  }
  return lost.map((part) => ({ ...part, subject: `${name}: ${part.name}`, lost: part.loss, isSet: false }))
}

const purposeOf = (set: string): string =>
  (probePurposes as Record<string, string>)[set] ?? `probes of ${set}`

const whyDead = (watch: Watch): string => gapsOf(watch).find(({ lasts }) => lasts)?.reason ?? ''

const causeOf = (losses: Loss[], probeSets: readonly ProbeSet[]): Omit<Cause, 'since'> => {
  const [first] = losses as [Loss]
  const reason = commonReason(losses)
  if (probeSets.every(({ name }) => losses.some(({ subject, isSet }) => isSet && subject === name)))
    return whole(reason, first.remedy, probeSets)
  const lost = [...new Set(losses.map((loss) => loss.lost))]
  const passive = passiveReason(reason)
  const things = plural(lost.length, 'thing')
  if (passive !== null)
    return {
      subject: passiveSubject,
      severity: 'info',
      text: `Passive mode, no probes are attached: ${things} cannot be seen (${passive})`,
      remedy: first.remedy,
      lost,
    }
  const what = losses.length > 1 ? things : first.isSet ? first.subject : first.lost
  return {
    subject: losses.map(({ subject }) => subject).join(', '),
    severity: losses.some(({ isSet }) => isSet) ? 'warning' : 'info',
    text: `Not seen: ${what}${reason === '' ? '' : ` (${reason})`}`,
    remedy: first.remedy,
    lost,
  }
}

const whole = (reason: string, remedy: string, probeSets: readonly ProbeSet[]): Omit<Cause, 'since'> => ({
  subject: 'tracer',
  severity: 'warning',
  text: `Only sysfs, /proc and the kernel log are seen${reason === '' ? '' : `: ${passiveReason(reason) ?? reason}`}`,
  remedy,
  lost: probeSets.map(({ name }) => purposeOf(name)),
})

/** Reasons that name what is missing, and are one and the same for all that is: what they say around the names. */
const kinds = [
  {
    key: 'symbols',
    pattern: /^the kernel does not tell where (\S+) is$/,
    say: (names: string) => `the kernel does not tell where ${names} are`,
  },
  {
    key: 'types',
    pattern: /^the kernel's BTF does not know (\S+)$/,
    say: (names: string) => `the kernel's BTF does not know ${names}`,
  },
  {
    key: 'no functions',
    pattern: /^this kernel has no function (\S+), or has inlined it$/,
    say: (names: string) => `this kernel has no functions ${names}, or has inlined them`,
  },
  {
    key: 'functions',
    pattern: /^this kernel does not let (\S+) be probed$/,
    say: (names: string) => `this kernel does not let ${names} be probed`,
  },
]
const kindOf = (reason: string): (typeof kinds)[number] | undefined =>
  kinds.find(({ pattern }) => pattern.test(reason))

const namesTold = 3

const commonReason = (losses: readonly Loss[]): string => {
  const [reason = '', ...others] = new Set(losses.map((loss) => loss.reason))
  const kind = kindOf(reason)
  if (!kind || others.length === 0) return reason
  const names = [reason, ...others].map((each) => kind.pattern.exec(each)?.[1] ?? each)
  const more = names.length > namesTold ? ` and ${names.length - namesTold} more` : ''
  return kind.say(`${names.slice(0, namesTold).join(', ')}${more}`)
}
