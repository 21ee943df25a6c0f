// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the static program alone: libpcap.a can capture from D-Bus, and its list of devices names
 * the functions that do. They would pull in libdbus and with it libsystemd, which has no archive.
 * Defined here they keep that member of libpcap.a out. Nothing here captures or lists devices.
 */
#include <pcap/pcap.h>

pcap_t *dbus_create(const char *device, char *errbuf, int *is_ours);
int dbus_findalldevs(void *devlistp, char *errbuf);

pcap_t *dbus_create(const char *device, char *errbuf, int *is_ours)
{
	(void)device;
	(void)errbuf;
	*is_ours = 0;
	return NULL;
}

int dbus_findalldevs(void *devlistp, char *errbuf)
{
	(void)devlistp;
	(void)errbuf;
	return 0;
}
