from backend.cli.app import main

main()
