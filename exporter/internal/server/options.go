package server

import (
	"errors"

	"github.com/prometheus/exporter-toolkit/web"
)

// check finds the flags that cannot be meant, and what is wrong with the web
// configuration, before anything is made or listened on.
func (o *Options) check() error {
	var errs []error
	if o.StoragePath == "" {
		errs = append(errs, errors.New(`--storage.path: want a folder, got ""`))
	}
	errs = append(errs, checkTelemetryPath(o.TelemetryPath))
	if o.PushURL != "" {
		_, err := o.pushTarget()
		errs = append(errs, err)
	}
	return errors.Join(append(errs, web.Validate(*o.Web.WebConfigFile))...)
}
