package server

import (
	"crypto/tls"
	"os"

	"github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v3"
)

// resumedByStranger says whether a request comes by a TLS session that was
// resumed, with a certificate that client_allowed_sans of the web configuration
// does not name, or not any more. crypto/tls has exporter-toolkit ask for that
// list at full handshakes alone, so that whoever was let in once could come back
// for as long as a session ticket holds, which is a week. The certificate's end
// and its authority it looks at itself.
func (d *daemon) resumedByStranger(state *tls.ConnectionState) bool {
	if state == nil || !state.DidResume {
		return false
	}
	var c struct {
		TLS struct {
			Names []string `yaml:"client_allowed_sans"`
		} `yaml:"tls_server_config"`
	}
	content, err := os.ReadFile(*d.o.Web.WebConfigFile)
	if err == nil {
		err = yaml.Unmarshal(content, &c)
	}
	if err != nil || c.TLS.Names == nil {
		return err != nil // as a full handshake would fail
	}
	allowed := web.TLSConfig{ClientAllowedSans: c.TLS.Names}
	return len(state.PeerCertificates) == 0 || allowed.VerifyPeerCertificate([][]byte{state.PeerCertificates[0].Raw}, nil) != nil
}
