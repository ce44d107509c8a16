import type { BlockedTask } from '../contract/state.ts'
import { shellQuote } from '../words/shell-quote.ts'
import { type CgroupOwner, cgroupOwner } from './cgroup-owner.ts'

type Owned = Pick<BlockedTask, 'pid' | 'cgroup' | 'unit' | 'container'>

/**
 * How to restart what a task belongs to, and nothing more than that; or why not to. Never a slice, a mount, a socket,
 * PID 1, a container's runtime, or a service that others stand on.
 */
export const restartAdvice = (task: Owned): string => {
  const owner = ownerOf(task)
  const inContainer = owner.pod !== null || owner.container !== null
  if (inContainer) return restartContainer(owner)
  if (owner.uid !== null) return restartOfUser(owner.uid, owner.userUnit)
  const { unit } = owner
  if (unit === null) return `stop or restart the program it belongs to (process ${task.pid}).`
  if (unit === 'init.scope') return 'do not stop it: it belongs to PID 1.'
  if (unit.endsWith('.service')) return restartService(unit)
  if (/^session-.+\.scope$/.test(unit))
    return `end or restart the program (process ${task.pid}); it was started in the login session ${unit}, whose other programs must not end with it.`
  if (unit.endsWith('.scope'))
    return `stop or restart the program (process ${task.pid}) of ${unit} by the means it was started with.`
  return `leave it: it belongs to ${unit}, and stopping that would take away what others use.`
}

/** Without a cgroup only what was told of it is known. */
const ownerOf = ({ cgroup, unit, container }: Owned): CgroupOwner => {
  const nobody: CgroupOwner = { unit: null, uid: null, userUnit: null, container: null, pod: null }
  if (cgroup !== null) return cgroupOwner(cgroup)
  if (container !== null)
    return { ...nobody, container: { name: container, manager: 'unknown', nested: false } }
  return unit === null ? nobody : cgroupOwner(`/${unit}`)
}

const restartContainer = ({ container, pod, uid }: CgroupOwner): string => {
  if (pod !== null && !container?.nested) {
    return container === null
      ? `restart the pod ${pod} by its Kubernetes workload, not the kubelet or the container runtime.`
      : `have Kubernetes restart the container: crictl stop ${short(container.name)} (pod ${pod}); do not restart the kubelet or the container runtime.`
  }
  if (container === null) return ''
  const { manager, nested } = container
  const name = short(container.name)
  if (nested)
    return `restart ${pod === null ? 'the container' : `the pod ${pod}, container`} ${name}, from inside the container that it runs in.`
  const command = commandFor(manager, container.name)
  if (command === null)
    return manager === 'machine'
      ? `leave it: it belongs to the virtual machine or container ${name}; ask whoever runs that.`
      : `restart the container ${name} with whatever manages it, not its runtime.`
  return `restart its container${uid === null ? '' : ` as the user with UID ${uid}`}: ${command}`
}

const commandFor = (manager: string, name: string): string | null => {
  switch (manager) {
    case 'docker':
    case 'podman':
      return `${manager} restart ${short(name)}`
    case 'cri-o':
      return `crictl stop ${short(name)}`
    case 'lxc':
      return `lxc-stop --reboot --name ${shellQuote(name)} (under Incus or LXD: incus restart, lxc restart)`
    case 'nspawn':
      return `machinectl reboot ${shellQuote(name)}`
    default:
      return null
  }
}

/** As the managers' own lists show an id. */
const short = (name: string): string => (/^[0-9a-f]{64}$/.test(name) ? name.slice(0, 12) : shellQuote(name))

const restartOfUser = (uid: number, unit: string | null): string =>
  unit?.endsWith('.service')
    ? `restart it for that user: systemctl --user --machine=${shellQuote(`${uid}@`)} restart ${shellQuote(unit)}`
    : `end or restart the program as the user with UID ${uid}; do not restart user@${uid}.service, which would end all that user runs.`

/** Services that take containers, logins, storage, network or the whole host with them. */
const vital: { of: RegExp; why: string }[] = [
  {
    of: /^(docker|containerd|crio|cri-o|podman|kubelet|k3s(-agent)?|k0s\w*|rke2-(server|agent)|buildkit|lxd|incus|lxc(-net|@.*)?|lxcfs|libvirtd|virt(qemu|lxc|xen)d|systemd-machined|snap\.(docker|microk8s|k8s|lxd|incus)\..*)\.service$/,
    why: 'all its containers or machines',
  },
  {
    of: /^(ssh|sshd|user@.*|user-runtime-dir@.*|(serial-)?getty@.*|console-getty|gdm\d?|sddm|lightdm|display-manager|systemd-logind)\.service$/,
    why: 'people who are logged in',
  },
  {
    of: /^(multipathd|iscsid|open-iscsi|lvm2-.*|dm-event|mdmonitor|mdadm|zfs-.*|nfs-.*|rpcbind|rpc-.*|ceph.*|gluster.*|drbd.*|systemd-udevd)\.service$/,
    why: 'storage that others use',
  },
  {
    of: /^(NetworkManager|networking|network|systemd-networkd|systemd-resolved|wpa_supplicant|firewalld|nftables|openvswitch.*|ovs-.*|dhc.*)\.service$/,
    why: 'the network',
  },
  {
    of: /^(dbus|dbus-broker|polkit|systemd-.*|auditd|pacemaker|corosync|initrd-.*|emergency|rescue|qemu-guest-agent)\.service$/,
    why: 'what the whole host stands on',
  },
]

const restartService = (unit: string): string => {
  if (/^klpscope.*\.service$/.test(unit)) return `stop klpscope: systemctl stop ${shellQuote(unit)}`
  const hurt = vital.find(({ of }) => of.test(unit))
  return hurt
    ? `do not restart ${unit} for this: that would take ${hurt.why} with it; plan it, or reverse.`
    : `restart its unit: systemctl restart ${shellQuote(unit)}`
}
