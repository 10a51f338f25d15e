package fetch

import "net"

// chromeFlags are the flags of a local Chrome. The first part keeps it behind
// the proxy (B2 to B4); the rest keeps it quiet, small and the same everywhere.
func chromeFlags(proxy string) []string {
	return []string{
		// Everything goes through the proxy. Without the second flag, loopback
		// and link-local addresses would go around it.
		"proxy-server=http://" + proxy,
		"proxy-bypass-list=<-loopback>",
		// No name is resolved here: should anything try, it finds nothing.
		"host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE " + hostOf(proxy),
		"disable-quic",
		"dns-prefetch-disable",
		"force-webrtc-ip-handling-policy=disable_non_proxied_udp",
		"webrtc-ip-handling-policy=disable_non_proxied_udp",
		"disable-features=" + disabledFeatures,

		"disable-background-networking",
		"disable-breakpad",
		"disable-client-side-phishing-detection",
		"disable-component-extensions-with-background-pages",
		"disable-component-update",
		"disable-default-apps",
		"disable-domain-reliability",
		"disable-extensions",
		"disable-sync",
		"metrics-recording-only",
		"no-pings",

		"block-new-web-contents",
		"deny-permission-prompts",
		"disable-notifications",
		"disable-print-preview",
		"disable-speech-api",

		"headless",
		"hide-scrollbars",
		"mute-audio",
		"no-default-browser-check",
		"no-first-run",
		"force-color-profile=srgb",
		"password-store=basic",
		"use-mock-keychain",
		"disable-background-timer-throttling",
		"disable-backgrounding-occluded-windows",
		"disable-renderer-backgrounding",
		"disable-dev-shm-usage", // it is 64 MB in a default container
		"disable-gpu",
	}
}

// disabledFeatures talk to others by themselves, or ask for another scheme than
// was asked for.
const disabledFeatures = "AutofillServerCommunication,CertificateTransparencyComponentUpdater,DialMediaRouteProvider,DnsOverHttps,EncryptedClientHello," +
	"HttpsFirstBalancedModeAutoEnable,HttpsUpgrades,InterestFeedContentSuggestions,MediaRouter,NetworkPrediction,OptimizationHints,Prerender2,Translate"

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
