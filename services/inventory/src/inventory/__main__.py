from shared.main import main

from inventory.app import SERVICE

if __name__ == "__main__":
    main(SERVICE)
