/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/attach.h"

#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* UAPI numbers; headers have the second since 6.0 only under this name. */
#define LINK_CREATE 28
#define ATTACH_STRUCT_OPS 44
#define ATTACH_TYPE_OFFSET 8 /* of link_create.attach_type in union bpf_attr */

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int filter_install(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LINK_CREATE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

void attach_catch(int socket)
{
	union control control = {0};
	struct iovec iov = {.iov_base = &(char){0}, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
	int fd = filter_install();

	if (fd < 0)
		return;
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	(void)!sendmsg(socket, &msg, MSG_NOSIGNAL);
	close(fd);
}

int attach_receive(int socket)
{
	union control control = {0};
	struct iovec iov = {.iov_base = &(char){0}, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *h = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	int fd;

	if (!h || h->cmsg_type != SCM_RIGHTS || h->cmsg_len != CMSG_LEN(sizeof(fd)))
		return -1;
	memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	return fd;
}

/* The attributes are the scheduler's memory; that they could change afterwards is its own loss. */
static bool is_struct_ops(const struct seccomp_notif *n)
{
	uint32_t type = 0;
	struct iovec here = {.iov_base = &type, .iov_len = sizeof(type)};
	struct iovec there = {.iov_base = (void *)(uintptr_t)(n->data.args[1] + ATTACH_TYPE_OFFSET),
			      .iov_len = sizeof(type)};

	return process_vm_readv((pid_t)n->pid, &here, 1, &there, 1, 0) == sizeof(type) &&
	       type == ATTACH_STRUCT_OPS;
}

bool attach_take(int fd, unsigned long long *ret_id, bool *ret_struct_ops)
{
	struct seccomp_notif n = {0};

	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n))
		return false;
	*ret_id = n.id;
	*ret_struct_ops = is_struct_ops(&n);
	return true;
}

void attach_go_on(int fd, unsigned long long id)
{
	struct seccomp_notif_resp r = {.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};

	/* Fails when the caller has died meanwhile. */
	(void)!ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r);
}
