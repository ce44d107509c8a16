// SPDX-License-Identifier: MIT
#include "confine.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#elif defined(__s390x__)
#define OWN_ARCH AUDIT_ARCH_S390X
#elif defined(__powerpc64__)
#define OWN_ARCH AUDIT_ARCH_PPC64LE
#else
#error "no audit architecture is known for this machine"
#endif

/*
 * CAP_BPF: map lookups, BPF_PROG_TEST_RUN and iterators, where kernel.unprivileged_bpf_disabled is set.
 * CAP_PERFMON: probes on functions that are patched later.
 * Both since 5.8; all that took CAP_SYSLOG or CAP_DAC_READ_SEARCH (/dev/kmsg, tracefs) has been opened before.
 * CAP_SYS_ADMIN: only where the kernel does not take CAP_PERFMON for those probes; the filter below leaves little to do
 * with it.
 */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif
#define CAP_BIT(capability) (1u << ((capability) - 32))

static bool keep_capabilities(bool administrator)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const __u32 high = CAP_BIT(CAP_BPF) | CAP_BIT(CAP_PERFMON);
	const __u32 low = administrator ? 1u << CAP_SYS_ADMIN : 0;
	struct __user_cap_data_struct data[2] = { { .effective = low, .permitted = low },
						  { .effective = high, .permitted = high } };

	/* The bounding set too, as far as it may be changed: nothing that is executed could get them back. */
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		prctl(PR_CAPBSET_DROP, capability);
	return syscall(SYS_capset, &header, data) == 0;
}

/* What the loop, libbpf's ring buffer and the C library need; no file, socket, process or program can be opened. */
static const int allowed[] = {
	SYS_read, SYS_write, SYS_pread64, SYS_close, SYS_ppoll, SYS_epoll_pwait, SYS_clock_gettime, SYS_bpf,
	SYS_perf_event_open, SYS_ioctl, /* the last two: probes on patched functions */
	SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_madvise, SYS_mprotect, /* memory, which RLIMIT_DATA bounds */
	SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_restart_syscall, SYS_exit, SYS_exit_group, SYS_futex,
#ifdef SYS_poll
	SYS_poll,
#endif
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
};

#define ALLOWED (sizeof(allowed) / sizeof(*allowed))

/* Others fail with EPERM: whoever took over gets nothing from them, and a C library that tries one goes on. */
static bool filter_system_calls(void)
{
	struct sock_filter filter[2 * ALLOWED + 5];
	struct sock_fprog program = { .filter = filter };
	size_t at = 0;

	filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0);
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ALLOWED; i++) {
		filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
		filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	program.len = at;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void limit(int resource, rlim_t value)
{
	const struct rlimit both = { value, value };

	setrlimit(resource, &both);
}

bool confine(bool administrator)
{
	/* A core dump would hold kernel addresses. */
	limit(RLIMIT_CORE, 0);
	/* Two descriptors for each function whose calls are counted, up to 4096 of them. */
	limit(RLIMIT_NOFILE, 16384);
	/* All buffers are bounded, and the largest is half a megabyte: more is a fault. */
	limit(RLIMIT_DATA, 64 << 20);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || !keep_capabilities(administrator))
		return false;
	return filter_system_calls();
}
