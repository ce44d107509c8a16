import type { ContainerManager } from '../../../daemon/core/cgroup-owner.ts'

export const id = 'a1'.repeat(32)
export const short = id.slice(0, 12)
const outer = 'f0'.repeat(32)
const pod = '0a1b2c3d-0001-0002-0003-0a1b2c3d4e5f'
const podInSlice = pod.replaceAll('-', '_')

export type CgroupShape = {
  path: string
  unit?: string
  uid?: number
  userUnit?: string
  container?: [name: string, manager: ContainerManager, nested?: true]
  pod?: string
  /** The command of ours that restarts no more than what the task belongs to; absent: none may be given. */
  restart?: string
}

/** How systemd and the managers of containers lay out cgroups, and what may be restarted for a task in one. */
export const cgroupShapes: CgroupShape[] = [
  { path: '/' },
  { path: '/system.slice/nginx.service', unit: 'nginx.service', restart: 'systemctl restart nginx.service' },
  { path: '/nginx.service', unit: 'nginx.service', restart: 'systemctl restart nginx.service' },
  {
    path: '/system.slice/system-postgresql.slice/postgresql@16-main.service',
    unit: 'postgresql@16-main.service',
    restart: 'systemctl restart postgresql@16-main.service',
  },
  {
    path: '/system.slice/app-a\\x2db.service',
    unit: 'app-a\\x2db.service',
    restart: "systemctl restart 'app-a\\x2db.service'",
  },
  { path: '/system.slice/_cpu.service', unit: 'cpu.service', restart: 'systemctl restart cpu.service' },
  {
    path: '/../../system.slice/nginx.service/worker',
    unit: 'nginx.service',
    restart: 'systemctl restart nginx.service',
  },
  { path: '/system.slice' },
  { path: '/init.scope', unit: 'init.scope' },
  { path: '/system.slice/mnt-data.mount', unit: 'mnt-data.mount' },
  { path: '/system.slice/ssh.socket', unit: 'ssh.socket' },
  { path: '/system.slice/dev-disk-by\\x2duuid-1.swap', unit: 'dev-disk-by\\x2duuid-1.swap' },
  { path: '/system.slice/docker.service', unit: 'docker.service' },
  { path: '/system.slice/k3s.service', unit: 'k3s.service' },
  { path: '/system.slice/dbus.service', unit: 'dbus.service' },
  { path: '/system.slice/sshd.service', unit: 'sshd.service' },
  { path: '/system.slice/systemd-journald.service', unit: 'systemd-journald.service' },
  { path: '/user.slice/user-1000.slice/session-3.scope', unit: 'session-3.scope' },
  {
    path: '/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service',
    unit: 'user@1000.service',
    uid: 1000,
    userUnit: 'sync.service',
    restart: 'systemctl --user --machine=1000@ restart sync.service',
  },
  {
    path: '/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-code-7.scope',
    unit: 'user@1000.service',
    uid: 1000,
    userUnit: 'app-gnome-code-7.scope',
  },
  {
    path: '/user.slice/user-1000.slice/user@1000.service/init.scope',
    unit: 'user@1000.service',
    uid: 1000,
    userUnit: 'init.scope',
  },
  {
    path: `/system.slice/docker-${id}.scope`,
    unit: `docker-${id}.scope`,
    container: [id, 'docker'],
    restart: `docker restart ${short}`,
  },
  { path: `/docker/${id}`, container: [id, 'docker'], restart: `docker restart ${short}` },
  {
    path: `/system.slice/docker.service/docker/${id}`,
    container: [id, 'docker'],
    restart: `docker restart ${short}`,
  },
  {
    path: `/docker/${id}/system.slice/nginx.service`,
    container: [id, 'docker'],
    restart: `docker restart ${short}`,
  },
  {
    path: `/docker/${id}/init.scope`,
    container: [id, 'docker'],
    restart: `docker restart ${short}`,
  },
  {
    path: `/system.slice/docker-${id}.scope/system.slice/nginx.service`,
    unit: `docker-${id}.scope`,
    container: [id, 'docker'],
    restart: `docker restart ${short}`,
  },
  { path: `/docker/${outer}/docker/${id}`, container: [id, 'docker', true] },
  {
    path: `/machine.slice/libpod-${id}.scope/container`,
    unit: `libpod-${id}.scope`,
    container: [id, 'podman'],
    restart: `podman restart ${short}`,
  },
  { path: `/libpod_parent/libpod-${id}`, container: [id, 'podman'], restart: `podman restart ${short}` },
  {
    path: `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope`,
    uid: 1000,
    container: [id, 'podman'],
    restart: `podman restart ${short}`,
  },
  { path: `/system.slice/nerdctl-${id}.scope`, unit: `nerdctl-${id}.scope`, container: [id, 'containerd'] },
  { path: `/default/${id}`, container: [id, 'unknown'] },
  {
    path: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${podInSlice}.slice/cri-containerd-${id}.scope`,
    container: [id, 'containerd'],
    pod,
    restart: `crictl stop ${short}`,
  },
  {
    path: `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${podInSlice}.slice/crio-${id}.scope`,
    container: [id, 'cri-o'],
    pod,
    restart: `crictl stop ${short}`,
  },
  {
    path: `/kubepods/burstable/pod${pod}/${id}`,
    container: [id, 'containerd'],
    pod,
    restart: `crictl stop ${short}`,
  },
  {
    path: `/system.slice/k3s.service/kubepods/besteffort/pod${pod}/${id}`,
    container: [id, 'containerd'],
    pod,
    restart: `crictl stop ${short}`,
  },
  {
    path: `/system.slice/containerd.service/kubepods-besteffort-pod${podInSlice}.slice:cri-containerd:${id}`,
    container: [id, 'containerd'],
    pod,
    restart: `crictl stop ${short}`,
  },
  {
    path: `/docker/${outer}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${podInSlice}.slice/cri-containerd-${id}.scope`,
    container: [id, 'containerd', true],
    pod,
  },
  { path: `/kubepods/pod${pod}`, pod },
  { path: '/lxc.payload.web-1', container: ['web-1', 'lxc'], restart: 'lxc-stop --reboot --name web-1' },
  {
    path: '/lxc.payload.web-1/system.slice/nginx.service',
    container: ['web-1', 'lxc'],
    restart: 'lxc-stop --reboot --name web-1',
  },
  { path: '/lxc/101/ns/init.scope', container: ['101', 'lxc'], restart: 'lxc-stop --reboot --name 101' },
  {
    path: '/machine.slice/systemd-nspawn@build\\x2d1.service/payload/system.slice/cron.service',
    unit: 'systemd-nspawn@build\\x2d1.service',
    container: ['build-1', 'nspawn'],
    restart: 'machinectl reboot build-1',
  },
  {
    path: '/machine.slice/machine-build\\x2d2.scope/payload/init.scope',
    unit: 'machine-build\\x2d2.scope',
    container: ['build-2', 'nspawn'],
    restart: 'machinectl reboot build-2',
  },
  {
    path: '/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator',
    unit: 'machine-qemu\\x2d1\\x2dvm.scope',
    container: ['qemu-1-vm', 'machine'],
  },
]
