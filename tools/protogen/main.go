// Command protogen generates Go code from the schema of the stored records. It
// compiles the schema itself and hands it to protoc-gen-go through the plugin
// interface, so that nobody has to install protoc.
//
//	cd tools && go run ./protogen -root .. -out .. proto/troupe.proto
//
// Paths of schemas are relative to root. The Go files land under out, at the
// path inside the module that each schema's go_package names. It runs in the
// folder of the tools' go.mod, which says which protoc-gen-go is used. With
// -check it writes nothing and fails if the files under out are other ones.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

func main() {
	root := flag.String("root", ".", "folder that the schemas' paths are relative to")
	out := flag.String("out", ".", "folder of the module that the Go files belong to")
	module := flag.String("module", "github.com/troupe-actors/troupe", "import path of that module")
	check := flag.Bool("check", false, "compare with the files under out instead of writing them")
	flag.Parse()
	act := write
	if *check {
		act = compare
	}
	if err := generate(*root, *out, *module, flag.Args(), act); err != nil {
		fmt.Fprintln(os.Stderr, "protogen:", err)
		os.Exit(1)
	}
}

// generate hands every generated file to act.
func generate(root, out, module string, schemas []string, act func(path, content string) error) error {
	if len(schemas) == 0 {
		return errors.New("name at least one schema")
	}
	files, err := compile(root, schemas)
	if err != nil {
		return err
	}
	response, err := run(request(files, module, schemas))
	if err != nil {
		return err
	}
	var faults []error
	for _, file := range response.GetFile() {
		faults = append(faults, act(filepath.Join(out, filepath.FromSlash(file.GetName())), file.GetContent()))
	}
	return errors.Join(faults...)
}

func write(path, content string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o644)
}

func compare(path, content string) error {
	committed, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if string(committed) != content {
		return fmt.Errorf("%s is not what the schema says: run make proto", path)
	}
	return nil
}

// compile parses the schemas with their comments, which become Go comments.
func compile(root string, schemas []string) (linker.Files, error) {
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{root}}),
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	return compiler.Compile(context.Background(), schemas...)
}

// request lists every schema after what it imports, as plugins expect it.
func request(files linker.Files, module string, schemas []string) *pluginpb.CodeGeneratorRequest {
	ordered, seen := []*descriptorpb.FileDescriptorProto{}, map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] {
			return
		}
		seen[file.Path()] = true
		for i := range file.Imports().Len() {
			add(file.Imports().Get(i).FileDescriptor)
		}
		ordered = append(ordered, protoutil.ProtoFromFileDescriptor(file))
	}
	for _, file := range files {
		add(file)
	}
	return &pluginpb.CodeGeneratorRequest{
		FileToGenerate: schemas,
		Parameter:      proto.String("module=" + module),
		ProtoFile:      ordered,
	}
}

// run asks protoc-gen-go.
func run(request *pluginpb.CodeGeneratorRequest) (*pluginpb.CodeGeneratorResponse, error) {
	input, err := proto.Marshal(request)
	if err != nil {
		return nil, err
	}
	command := exec.Command("go", "tool", "protoc-gen-go")
	command.Stdin, command.Stderr = bytes.NewReader(input), os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("protoc-gen-go: %w", err)
	}
	response := new(pluginpb.CodeGeneratorResponse)
	if err := proto.Unmarshal(output, response); err != nil {
		return nil, fmt.Errorf("protoc-gen-go: its answer cannot be read: %w", err)
	}
	if response.GetError() != "" {
		return nil, fmt.Errorf("protoc-gen-go: %s", response.GetError())
	}
	return response, nil
}
