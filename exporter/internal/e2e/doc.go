// Package e2e tests the programs as their users run them: real processes, real
// files, real signals, and a real Prometheus that scrapes.
//
// Nothing here looks inside. What a test knows it has from an answer, from the
// exposition, from the log, from an exit code or from the store's folder, and
// what it expects stands in the contract: every acknowledged event is counted
// once, whatever happens to the process.
//
// The programs are built once, into a folder that goes to the front of PATH, so
// that the tests run them by their names. Under the race detector they are built
// with it too, and a race they report fails the test. They listen on ports that
// the system picks, and none outlives its test.
//
// TestKill and TestSoak are random; they log their seed, and E2E_SEED repeats the
// schedule. `make crash` and `make soak` are their long forms.
package e2e
