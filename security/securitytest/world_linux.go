package securitytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	bytewise "encoding/binary"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// insideVar tells a test process that it runs in a network of its own.
const insideVar = "AXON_TEST_INSIDE"

// Inside runs this program's tests whose names begin with TestInside in a network
// namespace in which every address, public or not, is this machine: what may be
// fetched answers, what may not would answer, too, and each packet that is sent
// is seen. missing is told where the machine does not have what that takes.
func Inside(t *testing.T, missing func(t testing.TB, why string), env ...string) {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil {
		missing(t, "ip is not installed: scripts/setup-test.sh brings it (iproute2)")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestInside", "-test.v", "-test.count=1")
	cmd.Env = append(append(os.Environ(), insideVar+"=1"), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	switch {
	case err != nil && cmd.ProcessState == nil:
		missing(t, "this machine gives no network namespace: "+err.Error())
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	case strings.Contains(string(out), NotHere):
		t.Skip(NotHere)
	case !strings.Contains(string(out), "--- PASS: TestInside"):
		t.Errorf("nothing was run:\n%s", out)
	default:
		t.Logf("%s", out)
	}
}

// World is a network namespace with a web server at every address.
type World struct {
	DNS *DNS
	CA  *Authority

	t       *testing.T
	seen    *sniffer
	handler atomic.Pointer[http.HandlerFunc]
}

// Public is where the names of tests live that are meant to be reached.
const Public = "93.184.215.14"

// NewWorld makes every address one of this machine, serves on the ports that
// tests use, and listens to what is sent. names are those of the resolver;
// whatever else is asked for is public.
func NewWorld(t *testing.T, names map[string]string) *World {
	t.Helper()
	if os.Getenv(insideVar) == "" {
		t.Skip("another test runs it in a network of its own")
	}
	for _, line := range []string{"link set lo up", "route replace local 0.0.0.0/0 dev lo", "-6 route replace local ::/0 dev lo"} {
		if out, err := exec.CommandContext(t.Context(), "ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v %s", line, err, out)
		}
	}
	all := map[string]string{"*": Public}
	for name, answers := range names {
		all[name] = answers
	}
	w := &World{t: t, DNS: NewDNS(t, all), CA: newAuthority(t)}
	w.Answer(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Connection", "close") // each request dials, and so resolves, again
		rw.Header().Set("Content-Type", "text/html")
		at, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		_, _ = rw.Write([]byte("<!DOCTYPE html><title>Reached</title><main><h1>Reached</h1><p>You reached " + at.String() + "</p></main>"))
	})
	for _, port := range []string{"22", "80", "3000", "5432", "6379", "8080", "8443"} {
		w.listen(port, nil)
	}
	w.listen("443", &tls.Config{GetCertificate: w.CA.certificate, MinVersion: tls.VersionTLS12})
	w.seen = sniff(t, w.DNS.Addr)
	return w
}

// Answer replaces what all servers say.
func (w *World) Answer(handler http.HandlerFunc) { w.handler.Store(&handler) }

// Handler is what all servers say.
func (w *World) Handler() http.HandlerFunc { return *w.handler.Load() }

// Sent returns where packets that open a TCP connection, and UDP packets, were
// sent to since the last call, and how many. DNS is left out.
func (w *World) Sent(t *testing.T) map[netip.AddrPort]int {
	t.Helper()
	return w.seen.take(t)
}

func (w *World) listen(port string, secure *tls.Config) {
	w.t.Helper()
	l, err := net.Listen("tcp", ":"+port)
	if err != nil {
		w.t.Fatal(err)
	}
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { (*w.handler.Load())(rw, r) })}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	w.t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
}

// sniffer keeps where packets that open a TCP connection, and UDP packets, were
// sent to.
type sniffer struct {
	packets *os.File
	mu      sync.Mutex
	to      map[netip.AddrPort]int
	marked  chan struct{}
}

// marker is where the test itself sends a packet to, to know that all before it
// have been seen.
var marker = netip.MustParseAddrPort("192.0.2.99:9")

// sniff listens until the test ends. DNS is left out.
func sniff(t *testing.T, dns string) *sniffer {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_DGRAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, int(swapped(syscall.ETH_P_ALL)))
	if err != nil {
		t.Fatalf("listen to all packets: %v", err)
	}
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, 64<<20)
	s := &sniffer{packets: os.NewFile(uintptr(fd), "packets"), to: map[netip.AddrPort]int{}, marked: make(chan struct{}, 1)}
	resolver := netip.MustParseAddrPort(dns)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 64<<10)
		for {
			n, err := s.packets.Read(buf)
			if err != nil {
				return
			}
			if from, to, ok := opening(buf[:n]); ok && from.Port() != resolver.Port() && to != resolver {
				s.add(to)
			}
		}
	}()
	t.Cleanup(func() {
		s.packets.Close()
		<-done
	})
	return s
}

func swapped(n uint16) uint16 { return n<<8 | n>>8 }

func (s *sniffer) add(to netip.AddrPort) {
	if to == marker {
		select {
		case s.marked <- struct{}{}:
		default:
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to[to]++
}

// take returns what was seen since the last call.
func (s *sniffer) take(t *testing.T) map[netip.AddrPort]int {
	t.Helper()
	conn, err := net.Dial("udp", marker.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("here")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.marked:
	case <-time.After(10 * time.Second):
		t.Fatal("the listener to all packets sees nothing")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.to
	s.to = map[netip.AddrPort]int{}
	return seen
}

// opening reads a packet without its link header: where a TCP connection is
// opened from and to, or a UDP packet is sent.
func opening(p []byte) (from, to netip.AddrPort, ok bool) {
	const tcp, udp, syn, ack = 6, 17, 0x02, 0x10
	var source, target netip.Addr
	var protocol byte
	switch {
	case len(p) >= 20 && p[0]>>4 == 4:
		source, _ = netip.AddrFromSlice(p[12:16])
		target, _ = netip.AddrFromSlice(p[16:20])
		protocol, p = p[9], p[min(int(p[0]&15)*4, len(p)):]
	case len(p) >= 40 && p[0]>>4 == 6:
		source, _ = netip.AddrFromSlice(p[8:24])
		target, _ = netip.AddrFromSlice(p[24:40])
		protocol, p = p[6], p[40:]
	default:
		return from, to, false
	}
	if len(p) < 8 || protocol != tcp && protocol != udp || protocol == tcp && (len(p) < 14 || p[13]&(syn|ack) != syn) {
		return from, to, false
	}
	from = netip.AddrPortFrom(source, bytewise.BigEndian.Uint16(p))
	return from, netip.AddrPortFrom(target, bytewise.BigEndian.Uint16(p[2:])), true
}

// Authority makes certificates for whatever name is asked for.
type Authority struct {
	File string // of its own certificate, PEM

	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	mu   sync.Mutex
	made map[string]*tls.Certificate
}

func newAuthority(t *testing.T) *Authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &Authority{key: key, File: filepath.Join(t.TempDir(), "ca.pem"), made: map[string]*tls.Certificate{}}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.File, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

// KeyPin is the SHA-256 of the public key of all its certificates, in base64, as
// Chromium's --ignore-certificate-errors-spki-list takes it.
func (a *Authority) KeyPin(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&a.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func (a *Authority) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if made := a.made[hello.ServerName]; made != nil {
		return made, nil
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(a.made) + 2)), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{hello.ServerName},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	made := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
	a.made[hello.ServerName] = made
	return made, nil
}
