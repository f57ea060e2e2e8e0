package token

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// Check looks at every entry, whatever it finds: its loop has no way out and no
// branch, and nothing but crypto/subtle compares. A clock would show that only on
// a quiet machine.
func TestCheckIsConstantTime(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "token.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	loops, compares := 0, 0
	ast.Inspect(file, func(n ast.Node) bool {
		f, ok := n.(*ast.FuncDecl)
		if !ok || f.Name.Name != "Check" {
			return true
		}
		ast.Inspect(f, func(n ast.Node) bool {
			loop, ok := n.(*ast.RangeStmt)
			if !ok {
				return true
			}
			loops++
			ast.Inspect(loop.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.IfStmt, *ast.SwitchStmt, *ast.BranchStmt, *ast.ReturnStmt, *ast.BinaryExpr:
					t.Errorf("the loop has a %T", n)
				case *ast.SelectorExpr:
					if n.Sel.Name == "ConstantTimeCompare" {
						compares++
					}
				}
				return true
			})
			return false
		})
		return false
	})
	if loops != 1 || compares != 1 {
		t.Errorf("%d loops, %d comparisons, want one of each", loops, compares)
	}
}
