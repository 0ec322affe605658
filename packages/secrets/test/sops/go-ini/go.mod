module example.org/go-ini

go 1.22

require gopkg.in/ini.v1 v1.67.3
