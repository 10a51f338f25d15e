package web

import (
	"archive/zip"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// maxManifest is the bytes of a job's list of files that are read.
const maxManifest = 64 << 20

// manifest is jobs/ID/manifest.json, which a job writes when it is done.
type manifest struct {
	Job   string         `json:"job"`
	Pages []manifestPage `json:"pages"`
}

type manifestPage struct {
	Path  string `json:"path"` // below the output root
	URL   string `json:"url"`
	Title string `json:"title"`
}

// item is one file of a download.
type item struct {
	manifestPage
	name     string // below the job's folder
	size     int64
	modified time.Time
}

// parcel is what a download gives.
type parcel struct {
	root  *os.Root
	job   string
	items []item
}

// parcelOf reads which files a job has. It fails before anything is sent: with
// Invalid for an id that is none, NotFound for a job that is none or has no
// files, TooLarge past the limits.
func (s *Server) parcelOf(ctx context.Context, id string) (parcel, error) {
	if !isUUID(id) {
		return parcel{}, fault.New(fault.Invalid, "a job's id is a UUID")
	}
	id = strings.ToLower(id)
	if _, err := s.deps.Jobs.Get(ctx, id); err != nil {
		return parcel{}, err
	}
	root, err := s.files.get(outputRoot)
	if err != nil {
		return parcel{}, err
	}
	list, err := s.readManifest(id)
	if err != nil {
		return parcel{}, err
	}
	p := parcel{root: root, job: id}
	if len(list.Pages) > s.deps.Config.DownloadMaxFiles {
		return p, fault.Errorf(fault.TooLarge, "the job has %d files, a download at most %d (AXON_DOWNLOAD_MAX_FILES)", len(list.Pages), s.deps.Config.DownloadMaxFiles)
	}
	var total int64
	seen := make(map[string]bool, len(list.Pages))
	for _, page := range list.Pages {
		name, below := strings.CutPrefix(page.Path, "jobs/"+id+"/")
		if !below || checkPath(page.Path) != nil || seen[name] {
			continue // a manifest names files of its own job, each once
		}
		stat, err := root.Lstat(page.Path)
		if err != nil || !stat.Mode().IsRegular() {
			continue // removed since, or no plain file (F6)
		}
		seen[name] = true
		total += stat.Size()
		p.items = append(p.items, item{manifestPage: page, name: name, size: stat.Size(), modified: stat.ModTime()})
	}
	if total > s.deps.Config.DownloadMaxBytes {
		return p, fault.Errorf(fault.TooLarge, "the job's files have %d bytes, a download at most %d (AXON_DOWNLOAD_MAX_BYTES)", total, s.deps.Config.DownloadMaxBytes)
	}
	return p, nil
}

func (s *Server) readManifest(id string) (manifest, error) {
	none := fault.New(fault.NotFound, "this job has left no files; a crawl with index=false does")
	f, _, err := s.files.openFile(outputRoot, "jobs/"+id+"/manifest.json")
	if err != nil {
		return manifest{}, none
	}
	defer func() { _ = f.Close() }() // nothing was written
	var list manifest
	err = json.NewDecoder(io.LimitReader(f, maxManifest)).Decode(&list)
	if err != nil || list.Job != id {
		return manifest{}, none
	}
	return list, nil
}

// download gives what a job has left, in one of four forms.
func (s *Server) download(w http.ResponseWriter, r *http.Request) error {
	p, err := s.parcelOf(r.Context(), r.PathValue("job"))
	if err != nil {
		return err
	}
	form := r.PathValue("form")
	if name, ok := strings.CutPrefix(form, "file/"); ok {
		return p.file(w, r, name)
	}
	write, known := map[string]func(context.Context, io.Writer) error{"pack.md": p.packMarkdown, "pack.xml": p.packXML, "archive.zip": p.zip}[form]
	if !known {
		return fault.New(fault.NotFound, "a download is pack.md, pack.xml, archive.zip or file/PATH")
	}
	fileHeaders(w.Header(), form)
	w.Header().Set("Content-Disposition", disposition(false, "axon-"+p.job+"-"+form))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	if err := write(r.Context(), newSlowWriter(w)); err != nil {
		s.log.InfoContext(r.Context(), "a download was cut off", "job", p.job, "form", form, "error", err)
		panic(http.ErrAbortHandler) // the client sees that it is not whole
	}
	return nil
}

// file gives one file that the manifest names.
func (p parcel) file(w http.ResponseWriter, r *http.Request, name string) error {
	if err := checkPath(name); err != nil {
		return err
	}
	for _, one := range p.items {
		if one.name != name {
			continue
		}
		f, err := p.root.Open(one.Path)
		if err != nil {
			return errNoFile()
		}
		defer func() { _ = f.Close() }() // nothing was written
		fileHeaders(w.Header(), name)
		w.Header().Set("Content-Disposition", disposition(false, path.Base(name)))
		http.ServeContent(newSlowWriter(w), r, "", one.modified, f)
		return nil
	}
	return errNoFile()
}

// copyItem writes a file, and never more than was counted.
func (p parcel) copyItem(ctx context.Context, w io.Writer, one item) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := p.root.Open(one.Path)
	if err != nil {
		return fmt.Errorf("open %s: %w", one.Path, err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	_, err = io.Copy(w, io.LimitReader(f, one.size))
	return err
}

// zip writes all files, as it reads them.
func (p parcel) zip(ctx context.Context, w io.Writer) error {
	archive := zip.NewWriter(w)
	for _, one := range p.items {
		to, err := archive.CreateHeader(&zip.FileHeader{Name: one.name, Method: zip.Deflate, Modified: one.modified})
		if err != nil {
			return err
		}
		if err := p.copyItem(ctx, to, one); err != nil {
			return err
		}
	}
	return archive.Close()
}

// packMarkdown writes all files as one, each under its title.
func (p parcel) packMarkdown(ctx context.Context, w io.Writer) error {
	_, err := fmt.Fprintf(w, "# Job %s: %d files\n", p.job, len(p.items))
	for _, one := range p.items {
		if err != nil {
			return err
		}
		if _, err = fmt.Fprintf(w, "\n## %s\n\nSource: <%s>\nFile: %s\n\n", oneLine(one.Title), oneLine(one.URL), one.name); err == nil {
			err = p.copyItem(ctx, w, one)
		}
	}
	return err
}

// packXML writes all files as one XML document.
func (p parcel) packXML(ctx context.Context, w io.Writer) error {
	_, err := fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<documents job=\"%s\" count=\"%d\">\n", p.job, len(p.items))
	for _, one := range p.items {
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "<document url=\"%s\" title=\"%s\" file=\"%s\">", attribute(one.URL), attribute(one.Title), attribute(one.name))
		text := &escaping{w: w}
		if err == nil {
			err = p.copyItem(ctx, text, one)
		}
		if err == nil {
			err = text.flush()
		}
		if err == nil {
			_, err = io.WriteString(w, "</document>\n")
		}
	}
	if err == nil {
		_, err = io.WriteString(w, "</documents>\n")
	}
	return err
}

// escaping writes text as XML text. It keeps back a character that has not come
// whole.
type escaping struct {
	w    io.Writer
	kept []byte
}

// Write escapes what is whole.
func (e *escaping) Write(p []byte) (int, error) {
	text := append(e.kept, p...)
	whole := wholeRunes(text)
	err := xml.EscapeText(e.w, text[:whole])
	e.kept = append([]byte(nil), text[whole:]...)
	return len(p), err
}

func (e *escaping) flush() error { return xml.EscapeText(e.w, e.kept) }

func attribute(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder never fails
	return b.String()
}

// oneLine keeps a page's title from looking like more.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// slowWriter gives a client a time for each piece of a long answer: the server
// has no limit for the whole.
type slowWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

func newSlowWriter(w http.ResponseWriter) *slowWriter {
	return &slowWriter{w, http.NewResponseController(w)}
}

// pieceTime is how long a client may take for one piece.
const pieceTime = 30 * time.Second

// Write bounds each piece.
func (w *slowWriter) Write(p []byte) (int, error) {
	if err := w.control.SetWriteDeadline(time.Now().Add(pieceTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return w.ResponseWriter.Write(p)
}
