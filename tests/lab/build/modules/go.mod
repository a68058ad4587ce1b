module lab.invalid/lab

go 1.24.0
