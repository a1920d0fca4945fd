"""The record formats that ship with acctrecover, one module per family, found by listing this folder."""
