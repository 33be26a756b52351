// Recordcheck checks a public record with code that no one of this project wrote:
// golang.org/x/mod/sumdb/note opens the checkpoint, golang.org/x/mod/sumdb/tlog checks tiles and
// proves entries. Written here are only the three lines of a checkpoint, the C2SP paths of tiles
// (tlog's own Path has another form) and the lengths in an entry bundle.
//
//	recordcheck -source FOLDER|URL -key NAME+ID+KEY [-count N]
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	// A full bundle of entries of 65,535 bytes each, with their lengths.
	mostBytes = tileWidth * (2 + 65535)
)

func main() {
	source := flag.String("source", "", "folder or URL prefix of the log")
	key := flag.String("key", "", "verifier key, name+id+key")
	count := flag.Int64("count", 0, "how many entries to prove, spread over the log; 0 for all")
	flag.Parse()
	proven, size, err := check(*source, *key, *count)
	if err != nil {
		fmt.Fprintln(os.Stderr, "recordcheck:", err)
		os.Exit(1)
	}
	fmt.Printf("proven %d of %d\n", proven, size)
}

// check opens the checkpoint and proves entries against it.
func check(source, key string, count int64) (proven, size int64, err error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return 0, 0, fmt.Errorf("key: %w", err)
	}
	signed, err := fetch(source, "checkpoint")
	if err != nil {
		return 0, 0, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return 0, 0, fmt.Errorf("checkpoint: %w", err)
	}
	tree, err := parseCheckpoint(opened.Text, verifier.Name())
	if err != nil {
		return 0, 0, err
	}
	prover := &prover{
		source:  source,
		tree:    tree,
		bundles: map[int64][][]byte{},
		checked: map[tlog.Tile][]byte{},
	}
	prover.hashes = tlog.TileHashReader(tree, prover)
	if count <= 0 || count > tree.N {
		count = tree.N
	}
	for number := int64(0); number < count; number++ {
		// The first and the last entry are always among those that are proven.
		index := number
		if count > 1 {
			index = number * (tree.N - 1) / (count - 1)
		}
		if err := prover.proveEntry(index); err != nil {
			return 0, 0, fmt.Errorf("entry %d: %w", index, err)
		}
	}
	if err := prover.provePast(tree.N / 2); err != nil {
		return 0, 0, fmt.Errorf("past of %d entries: %w", tree.N/2, err)
	}
	return count, tree.N, nil
}

// parseCheckpoint reads origin, size and root. tlog.ParseTree cannot: it knows only the header of
// the Go checksum database.
func parseCheckpoint(text, origin string) (tlog.Tree, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tlog.Tree{}, errors.New("checkpoint: not three lines")
	}
	if lines[0] != origin {
		return tlog.Tree{}, fmt.Errorf("checkpoint: of %q, not of %q", lines[0], origin)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("checkpoint: size %q", lines[1])
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, fmt.Errorf("checkpoint: root %q", lines[2])
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree, nil
}

// prover proves entries of one tree; it is the tlog.TileReader of its own hash reader.
type prover struct {
	source  string
	tree    tlog.Tree
	hashes  tlog.HashReader
	bundles map[int64][][]byte
	checked map[tlog.Tile][]byte
}

// proveEntry recomputes the hash of an entry from its bundle and proves it to be in the tree.
func (p *prover) proveEntry(index int64) error {
	bundle, err := p.bundle(index / tileWidth)
	if err != nil {
		return err
	}
	hash := tlog.RecordHash(bundle[index%tileWidth])
	proof, err := tlog.ProveRecord(p.tree.N, index, p.hashes)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, p.tree.N, p.tree.Hash, index, hash)
}

// provePast recomputes the root of the first entries from their bundles and proves the tree to
// extend it.
func (p *prover) provePast(size int64) error {
	if size == 0 {
		return nil
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for at, index := range indexes {
			found[at] = stored[index]
		}
		return found, nil
	})
	for index := int64(0); index < size; index++ {
		bundle, err := p.bundle(index / tileWidth)
		if err != nil {
			return err
		}
		added, err := tlog.StoredHashes(index, bundle[index%tileWidth], reader)
		if err != nil {
			return err
		}
		stored = append(stored, added...)
	}
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(p.tree.N, size, p.hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, p.tree.N, p.tree.Hash, size, root)
}

// bundle fetches and parses an entry bundle at its width in this tree.
func (p *prover) bundle(number int64) ([][]byte, error) {
	if known, ok := p.bundles[number]; ok {
		return known, nil
	}
	width := p.tree.N - number*tileWidth
	if width > tileWidth {
		width = tileWidth
	}
	path := tilePath("entries", number, int(width))
	rest, err := fetch(p.source, path)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(rest) > 0 {
		if len(rest) < 2 {
			return nil, fmt.Errorf("%s: cut off", path)
		}
		length := int(binary.BigEndian.Uint16(rest))
		if len(rest) < 2+length {
			return nil, fmt.Errorf("%s: cut off", path)
		}
		entries = append(entries, rest[2:2+length])
		rest = rest[2+length:]
	}
	if int64(len(entries)) != width {
		return nil, fmt.Errorf("%s: %d entries, not %d", path, len(entries), width)
	}
	p.bundles[number] = entries
	return entries, nil
}

// Height, ReadTiles and SaveTiles make the prover a tlog.TileReader.
func (p *prover) Height() int { return tileHeight }

func (p *prover) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	contents := make([][]byte, len(tiles))
	for at, tile := range tiles {
		if known, ok := p.checked[tile]; ok {
			contents[at] = known
			continue
		}
		content, err := fetch(p.source, tilePath(strconv.Itoa(tile.L), tile.N, tile.W))
		if err != nil {
			return nil, err
		}
		contents[at] = content
	}
	return contents, nil
}

// SaveTiles is told only of tiles that tlog has checked against the root.
func (p *prover) SaveTiles(tiles []tlog.Tile, contents [][]byte) {
	for at, tile := range tiles {
		p.checked[tile] = contents[at]
	}
}

// tilePath is the path that C2SP tlog-tiles gives to a tile: tile/0/x001/x234/067.p/8.
func tilePath(level string, number int64, width int) string {
	path := fmt.Sprintf("%03d", number%1000)
	for number >= 1000 {
		number /= 1000
		path = fmt.Sprintf("x%03d/%s", number%1000, path)
	}
	if width < tileWidth {
		path = fmt.Sprintf("%s.p/%d", path, width)
	}
	return "tile/" + level + "/" + path
}

// fetch reads one resource of the log, from a folder or over HTTP.
func fetch(source, path string) ([]byte, error) {
	if !strings.HasPrefix(source, "http://") && !strings.HasPrefix(source, "https://") {
		if !fs.ValidPath(path) {
			return nil, fmt.Errorf("%s: no path", path)
		}
		return os.ReadFile(filepath.Join(source, filepath.FromSlash(path)))
	}
	client := &http.Client{Timeout: 20 * time.Second}
	response, err := client.Get(strings.TrimSuffix(source, "/") + "/" + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: HTTP status %d", path, response.StatusCode)
	}
	var body bytes.Buffer
	_, err = io.Copy(&body, io.LimitReader(response.Body, mostBytes))
	return body.Bytes(), err
}
