package writers

import (
	"bufio"
	"io"
	"os"

	"agentsim/files"
)

// replace writes a whole file or nothing. finish, if any, gets the file when
// all is written.
func replace(path string, write func(io.Writer) error, finish func(*os.File) error) error {
	return files.Fill(path, func(f *os.File) error {
		b := bufio.NewWriterSize(f, 1<<20)
		if err := write(b); err != nil {
			return err
		}
		if err := b.Flush(); err != nil || finish == nil {
			return err
		}
		return finish(f)
	})
}
