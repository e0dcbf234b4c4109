// Package web serves the page and its API on one address: the same questions
// that the command line asks, over HTTP, with progress as server-sent events.
// Whoever does not know the token sees nothing; whoever does may run the
// simulator, within bounds, and read no file of the machine.
//
//	server.go   the handler: what is served, and to whom
//	page.go     the page's own files
//	guard.go    token, origin, headers
//	api.go      the operations, with their OpenAPI
//	stream.go   answers that take long: progress, answer or failure
//	upload.go   files that people drop
//	studies.go  studies that lie or run in a folder
//	counter.go  how many runs at once, and for how long
//	operation.go  what operations are made of
//	failure.go  errors as answers
package web
