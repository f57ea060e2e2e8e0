package main

import (
	"errors"
	"net/url"
)

// address joins the address of an exporter and a path. shown is that for
// messages, which may be read by others: without the credentials in it.
func address(exporter, path string) (target, shown string, err error) {
	u, err := url.Parse(exporter)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", "", errors.New("--url must be an http or https address")
	}
	u = u.JoinPath(path)
	bare := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return u.String(), bare.String(), nil
}
