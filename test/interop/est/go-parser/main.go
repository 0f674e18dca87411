// Reads certificates in PEM from standard input and says how many Go's parser reads and verifies below
// the CAs of the file that is named; the first objection to each other one is a line of its own.
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	anchors, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(anchors)
	rest, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	options := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if options.CurrentTime, err = time.Parse(time.RFC3339, os.Args[2]); err != nil {
		panic(err)
	}
	good := 0
	for index := 0; ; index++ {
		block, next := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = next
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err == nil {
			_, err = certificate.Verify(options)
		}
		if err != nil {
			fmt.Printf("certificate %d: %v\n", index, err)
		} else {
			good++
		}
	}
	fmt.Printf("good %d\n", good)
}
