package exposition_test

const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

// accepts are what scrapers send, and what goes wrong.
var accepts = map[string][]string{
	"Prometheus 3, Alloy, OpenTelemetry Collector": {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.7,application/openmetrics-text;version=0.0.1;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.3"},
	"the same with native histograms":              {protobuf + ";q=0.7,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"},
	"the same, legacy names":                       {protobuf + ";escaping=underscores;q=0.7,application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,*/*;q=0.2"},
	"Prometheus 2":                                 {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"},
	"OpenMetrics 2":                                {"application/openmetrics-text;version=2.0.0;q=0.9,application/openmetrics-text;version=1.0.0;q=0.8"},
	"vmagent":                                      {"text/plain;version=0.0.4;q=1,*/*;q=0.1"},
	"curl":                                         {"*/*"},
	"browser":                                      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
	"nothing":                                      nil,
	"empty":                                        {""},
	"OpenMetrics 0.0.1":                            {"application/openmetrics-text; version=0.0.1"},
	"OpenMetrics of no version":                    {"application/openmetrics-text"},
	"dots":                                         {"text/plain;version=0.0.4;escaping=dots"},
	"values":                                       {protobuf + ";escaping=values"},
	"nothing that there is":                        {"image/png"},
	"two lines":                                    {"image/png", "application/openmetrics-text; version=1.0.0"},
}

// acceptEncodings likewise. Of Prometheus: the last of its line.
var acceptEncodings = map[string][]string{
	"none": nil, "empty": {""}, "vmagent, Prometheus": {"gzip"}, "Prometheus, uncompressed": {"identity"}, "Prometheus with zstd": {"zstd,gzip"},
	"browser": {"gzip, deflate, br, zstd"}, "any": {"*"}, "rather any than gzip": {"gzip;q=0.5, *;q=0.8"}, "unknown": {"br"}, "weights": {"gzip;q=0.5, zstd;q=0.8"}, "gzip preferred": {"gzip;q=1.0, identity; q=0.5, *;q=0"},
	"no gzip": {"gzip;q=0"}, "nothing at all": {"*;q=0"}, "two lines": {"br", "gzip"}, "identity last": {"identity;q=0.1, gzip;q=0.2"},
}
