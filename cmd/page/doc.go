//go:build js

// Command page is the simulator as WebAssembly, for the page that package web
// holds: it answers the questions of package ask in a Web Worker. `make page`
// builds it; on other systems than a browser it does not run.
package main
