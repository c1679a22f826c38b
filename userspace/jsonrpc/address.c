/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PORT "6640" /* IANA's for OVSDB */

int remote_kind_parse(const char *remote, enum remote_kind *ret, const char **ret_rest,
		      struct error *err)
{
	static const char *const names[] = {
		[REMOTE_PUNIX] = "punix:", [REMOTE_PFD] = "pfd:",   [REMOTE_PTCP] = "ptcp:",
		[REMOTE_PSSL] = "pssl:",   [REMOTE_UNIX] = "unix:", [REMOTE_TCP] = "tcp:",
		[REMOTE_SSL] = "ssl:",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (strncmp(remote, names[i], len))
			continue;
		*ret = (enum remote_kind)i;
		*ret_rest = remote + len;
		if (remote_kind_is_unix(*ret) && !**ret_rest)
			return error_set(err, "syntax error", "remote %s: expected a path", remote);
		return 0;
	}
	return error_set(err, "syntax error",
			 "remote %s: expected punix:PATH, ptcp:[PORT][:IP], pssl:[PORT][:IP], "
			 "unix:PATH, tcp:HOST[:PORT], ssl:HOST[:PORT] or db:DB,TABLE,COLUMN",
			 remote);
}

static int check_port(const char *port, const char *rest, struct error *err)
{
	if (*port == '\0' || strspn(port, "0123456789") != strlen(port) || strlen(port) > 5 ||
	    atoi(port) > UINT16_MAX)
		return error_set(err, "syntax error", "%s: bad port number \"%s\"", rest, port);
	return 0;
}

static int parse_numbers(const char *host, const char *port, const char *rest, struct address *ret,
			 struct error *err)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	};
	struct addrinfo *found;

	if (check_port(port, rest, err) < 0)
		return -1;
	if (getaddrinfo(host, port, &hints, &found))
		return error_set(err, "syntax error", "%s: bad IP address \"%s\"", rest, host);
	memset(ret, 0, sizeof(*ret));
	memcpy(&ret->storage, found->ai_addr, found->ai_addrlen);
	ret->len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

/* Copies the IP out of its brackets, if it has any, up to the colon or the end.  *at then
 * points behind it. */
static int take_host(const char **at, const char *rest, char *host, size_t size, struct error *err)
{
	const char *start = *at, *end;

	if (*start == '[') {
		end = strchr(++start, ']');
		*at = end ? end + 1 : NULL;
	} else {
		end = start + strcspn(start, ":");
		*at = end;
	}
	if (!end || end == start || (size_t)(end - start) >= size)
		return error_set(err, "syntax error", "%s: bad IP address", rest);
	memcpy(host, start, (size_t)(end - start));
	host[end - start] = '\0';
	return 0;
}

int address_parse_passive(const char *rest, struct address *ret, struct error *err)
{
	size_t port_len = strcspn(rest, ":");
	char host[80] = "0.0.0.0", port[8] = DEFAULT_PORT;
	const char *at = rest + port_len;

	if (port_len >= sizeof(port))
		return error_set(err, "syntax error", "%s: bad port number", rest);
	if (port_len) {
		memcpy(port, rest, port_len);
		port[port_len] = '\0';
	}
	if (*at == ':') {
		at++;
		if (take_host(&at, rest, host, sizeof(host), err) < 0)
			return -1;
		if (*at)
			return error_set(err, "syntax error", "%s: \"%s\" behind the IP address",
					 rest, at);
	}
	return parse_numbers(host, port, rest, ret, err);
}

/* Letters, digits, hyphens and dots; what is behind the last dot has a letter, so that a
 * mistyped IPv4 address is none. */
static bool is_host_name(const char *host)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *last = strrchr(host, '.');

	for (const char *at = host; *at; at++) {
		if (!strchr(letters, *at) && !strchr("0123456789-._", *at))
			return false;
	}
	return strpbrk(last ? last : host, letters);
}

int address_parse_active(const char *rest, struct peer_address *ret, struct error *err)
{
	char host[sizeof(ret->name)];
	const char *at = rest, *port;

	if (take_host(&at, rest, host, sizeof(host), err) < 0)
		return -1;
	if (*at && *at != ':')
		return error_set(err, "syntax error", "%s: \"%s\" behind the IP address", rest, at);
	port = *at ? at + 1 : DEFAULT_PORT;
	if (*rest == '[' || !is_host_name(host)) {
		ret->name[0] = '\0';
		return parse_numbers(host, port, rest, &ret->ip, err);
	}
	if (check_port(port, rest, err) < 0)
		return -1;
	strcpy(ret->name, host);
	ret->port = (uint16_t)atoi(port);
	return 0;
}

uint16_t address_port(const struct address *a)
{
	if (a->storage.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)&a->storage)->sin_port);
	if (a->storage.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)&a->storage)->sin6_port);
	return 0;
}
