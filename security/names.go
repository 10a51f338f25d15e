package security

import (
	"slices"
	"strings"
)

// reserved are suffixes that never lead to a public web server: RFC 2606, 6761,
// 6762, 7686, 8375, 9476, ICANN's .internal, and names of container platforms
// and metadata services.
var reserved = []string{
	"localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private",
	"arpa", "onion", "alt", "test", "invalid", "example", "consul", "svc", "cluster.local",
	"metadata.goog", "metadata.tencentyun.com", "metadata.platformequinix.com", "metadata.packet.net",
	"kubernetes.default",
}

// metadataNames are names of metadata services that no setting can allow: an
// operator's resolver may give them any address.
var metadataNames = []string{
	"metadata.google.internal", "metadata.goog", "metadata.azure.internal", "metadata.tencentyun.com",
	"metadata.platformequinix.com", "metadata.packet.net", "instance-data", "instance-data.ec2.internal", "rancher-metadata",
}

// judgeName is U8 (at least two labels) and U9.
func judgeName(name string) Verdict {
	if !strings.Contains(name, ".") {
		return ReservedName
	}
	for _, suffix := range reserved {
		if under(name, suffix) {
			return ReservedName
		}
	}
	return Public
}

// under reports whether name is suffix or a name below it.
func under(name, suffix string) bool {
	return strings.HasSuffix(name, suffix) && (len(name) == len(suffix) || name[len(name)-len(suffix)-1] == '.')
}

// isMetadataName reports whether name is one of a metadata service, or below it.
func isMetadataName(name string) bool {
	return slices.ContainsFunc(metadataNames, func(known string) bool { return under(name, known) })
}

// servicePorts are ports from 1024 that a browser refuses (Fetch standard, "bad
// port") or where databases, brokers, orchestrators and debuggers listen.
var servicePorts = []uint16{
	1433, 1434, 1521, 1719, 1720, 1723, 1883, 2049, 2181, 2375, 2376, 2377, 2379, 2380, 3306, 3389, 3659,
	4045, 4190, 4369, 4444, 5060, 5061, 5432, 5433, 5555, 5601, 5671, 5672, 5900, 5984, 5985, 5986, 6000,
	6333, 6334, 6379, 6380, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 7000, 7001, 7077, 7474, 7687,
	8086, 8125, 8300, 8301, 8500, 8600, 8883, 9042, 9092, 9160, 9200, 9222, 9229, 9300, 10080, 10248, 10249, 10250,
	10255, 10256, 10257, 10259, 11211, 15672, 25672, 26257, 27017, 27018, 27019, 28015, 33060, 50000, 61613, 61616,
}

// portAllowed is U10.
func portAllowed(port uint16) bool {
	return port == 80 || port == 443 || port >= 1024 && !slices.Contains(servicePorts, port)
}
